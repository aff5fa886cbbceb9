"""What a document is: number and symbol, type, urgency, parties, files, file names, formats, text."""
