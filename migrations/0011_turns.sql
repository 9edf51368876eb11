-- How long the parts of each turn took.

CREATE TABLE turns (
    conversation_id  uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    at_ms            integer NOT NULL CHECK (at_ms >= 0),
    campaign_id      uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    endpointing_ms   integer,
    transcription_ms integer,
    first_words_ms   integer,
    first_sound_ms   integer,
    response_ms      integer,
    silence_ms       integer,
    PRIMARY KEY (conversation_id, at_ms)
);
CREATE INDEX turns_campaign_idx ON turns (campaign_id, conversation_id DESC);
COMMENT ON TABLE turns IS 'domain::turn_times::TurnTimes of each turn of a person, in milliseconds';
