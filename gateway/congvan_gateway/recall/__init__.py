"""Lấy lại, thu hồi, cập nhật, thay thế: acts on a sent or received document, with their answers."""
