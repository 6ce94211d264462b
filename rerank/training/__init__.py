"""From what people did, or judged, to a model that has proved its lift."""
