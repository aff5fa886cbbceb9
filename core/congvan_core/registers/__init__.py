"""The registers (sổ đăng ký văn bản đến, đi): books, gap-free numbers, entries and their exports."""
