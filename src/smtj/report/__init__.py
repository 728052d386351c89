"""Reports: one HTML file for people, one JSON file for programs."""
