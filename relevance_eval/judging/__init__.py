"""People judge what several runs found, without seeing which run found it."""
