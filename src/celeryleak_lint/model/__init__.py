"""Values that flow between the layers; nothing here reads, walks, prints or decides."""
