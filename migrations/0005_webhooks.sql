-- What LiveKit tells by itself comes up to five times; it is acted upon once.
CREATE TABLE webhook_events (
    id          text PRIMARY KEY,
    received_at timestamptz NOT NULL
);
CREATE INDEX webhook_events_received_at_idx ON webhook_events (received_at);
COMMENT ON TABLE webhook_events IS 'Events of webhooks that were acted upon, so that a repeated one is not. Deleted after an hour, when its signature has long expired';
