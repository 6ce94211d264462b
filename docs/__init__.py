"""The generated pages, and the script that writes them."""
