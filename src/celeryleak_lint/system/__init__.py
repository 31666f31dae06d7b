"""Everything that touches the disk or other processes: finding, reading, remembering, sharing out."""
