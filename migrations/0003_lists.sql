-- The primary key has this order already.
DROP INDEX conversations_recent_idx;
