"""What a comparison found, for people: one HTML file, and its Markdown and JSON twins."""
