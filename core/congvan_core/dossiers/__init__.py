"""Work dossiers (NĐ 30/2020 Điều 28-31, Phụ lục V): the yearly list, their documents, closing and hand-over."""
