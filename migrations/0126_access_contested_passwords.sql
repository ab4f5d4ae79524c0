-- Somebody else signed up with the same address before anybody had proved it: whose the password is, is open.
ALTER TABLE credentials ADD COLUMN contested BOOLEAN NOT NULL DEFAULT FALSE;
