-- Parts of addresses and names are looked for among all users: in rows of a hundred bytes instead of all that a user has.
CREATE INDEX users_search ON users (id, email, name);
