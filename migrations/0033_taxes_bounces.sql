-- 1: `request` works out the taxes first. What the customer has agreed to; other terms pause it.
ALTER TABLE automatic_top_ups ADD COLUMN taxed INTEGER NOT NULL DEFAULT 0 CHECK (taxed IN (0, 1));

-- When mail to the user's address was refused for good, or came back; NULL: it is not known to be so. Until the
-- address is verified or changed it gets no mail but what verifies it.
ALTER TABLE users ADD COLUMN mail_refused_ms INTEGER;
ALTER TABLE users ADD COLUMN mail_refused_why TEXT NOT NULL DEFAULT ''; -- the mail server's words

-- Whether the customer is told by mail of a quota that is nearly used.
ALTER TABLE notices ADD COLUMN quotas INTEGER NOT NULL DEFAULT 1;
