-- Whether what an attempt asked for may have been done, and billed: 'refused' (not begun), 'unknown', 'answered'; '' in notes of
-- before.
ALTER TABLE attempts ADD COLUMN class TEXT NOT NULL DEFAULT '';
