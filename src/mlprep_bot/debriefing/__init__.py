"""What a candidate is told afterwards: debriefs, reports, files to take along."""
