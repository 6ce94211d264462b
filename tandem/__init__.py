"""The ground floor: the words, the seams, the catalogue and the engines. It imports no room."""
