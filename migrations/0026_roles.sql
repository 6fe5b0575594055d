-- Operators with less than everything: support helps customers, billing moves money (lua/dashboard/roles.lua).
-- A CHECK cannot be changed, and the table cannot be made anew while others refer to it; a column can.

ALTER TABLE users RENAME COLUMN role TO former_role;
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'support', 'billing', 'admin'));
UPDATE users SET role = former_role;
ALTER TABLE users DROP COLUMN former_role;
