"""The last word on the order of the candidates."""
