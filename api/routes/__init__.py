"""The routes, by what they are about. Each module makes a router over what is served."""
