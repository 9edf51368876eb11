-- People whom a campaign could not reach call back, and its agent answers.
CREATE TABLE inbound_calls (
    id             uuid PRIMARY KEY,
    room           text NOT NULL CONSTRAINT inbound_calls_once_for_each_room UNIQUE CHECK (length(room) BETWEEN 1 AND 200),
    caller         text NOT NULL CHECK (length(caller) BETWEEN 1 AND 200),
    phone_number   text CONSTRAINT inbound_calls_phone_number_e164 CHECK (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
    arrived_at     timestamptz NOT NULL,
    status         text NOT NULL CHECK (status IN ('waiting', 'answered', 'turned_away', 'missed')),
    reason         text,
    lead_id        uuid REFERENCES leads (id) ON DELETE CASCADE,
    campaign_id    uuid REFERENCES campaigns (id) ON DELETE CASCADE,
    revision       bigint,
    calls_made     integer,
    zones          text[],
    lead_status    text,
    lead_reason    text,
    lead_due_at    timestamptz,
    ended_at       timestamptz,
    CONSTRAINT inbound_calls_answered_is_whole CHECK ((status = 'answered') = (
        lead_id IS NOT NULL AND campaign_id IS NOT NULL AND revision IS NOT NULL AND calls_made IS NOT NULL
        AND zones IS NOT NULL AND lead_status IS NOT NULL)),
    CONSTRAINT inbound_calls_others_say_why CHECK (status IN ('waiting', 'answered') OR reason IS NOT NULL)
);
CREATE INDEX inbound_calls_open_idx ON inbound_calls (arrived_at)
    WHERE status = 'waiting' OR (status = 'turned_away' AND ended_at IS NULL);
CREATE INDEX inbound_calls_unanswered_idx ON inbound_calls (arrived_at DESC) WHERE status IN ('turned_away', 'missed');
CREATE INDEX inbound_calls_lead_idx ON inbound_calls (lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX inbound_calls_campaign_idx ON inbound_calls (campaign_id) WHERE campaign_id IS NOT NULL;
COMMENT ON TABLE inbound_calls IS 'Calls that came in. One that an agent answered is a conversation with the same id: that is how a conversation says who called whom. Those of people whom no agent answered are deleted after 30 days';
COMMENT ON COLUMN inbound_calls.room IS 'As the telephone network named it; names may hold the caller''s number';
COMMENT ON COLUMN inbound_calls.caller IS 'The caller''s participant in the room';
COMMENT ON COLUMN inbound_calls.phone_number IS 'As the network told it; null if it told none or nonsense. A caller can forge it';
COMMENT ON COLUMN inbound_calls.reason IS 'Why no agent answered: domain::inbound::TurnedAway or domain::inbound::Missed';
COMMENT ON COLUMN inbound_calls.lead_status IS 'Where the lead stood before, to stand there again if it comes to no conversation; likewise lead_reason and lead_due_at';
COMMENT ON COLUMN inbound_calls.ended_at IS 'Of a caller who was turned away: when they had been told';
