-- Rehearsals: a campaign's script against simulated people. Nothing here is a call: no lead, no statistic, no event.
CREATE TABLE rehearsals (
    id           uuid PRIMARY KEY,
    campaign_id  uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    revision     bigint NOT NULL,
    status       text NOT NULL CHECK (status IN ('waiting', 'running', 'completed', 'cancelled', 'failed')),
    scenarios    jsonb NOT NULL,
    calls_total  integer NOT NULL CHECK (calls_total > 0),
    started_by   uuid REFERENCES users (id) ON DELETE SET NULL,
    created_at   timestamptz NOT NULL,
    leased_until timestamptz,
    failure      text,
    FOREIGN KEY (campaign_id, revision) REFERENCES campaign_revisions (campaign_id, revision) ON DELETE CASCADE
);
CREATE UNIQUE INDEX rehearsals_one_at_a_time ON rehearsals (campaign_id) WHERE status IN ('waiting', 'running');
CREATE INDEX rehearsals_campaign_idx ON rehearsals (campaign_id, id DESC);
COMMENT ON TABLE rehearsals IS 'Rehearsals of campaigns, the newest few of each';
COMMENT ON COLUMN rehearsals.revision IS 'The revision of the campaign that was rehearsed';
COMMENT ON COLUMN rehearsals.scenarios IS 'domain::rehearsal::Scenario: who answers, how often, and what is expected; also those that are not played this time';
COMMENT ON COLUMN rehearsals.leased_until IS 'Until then the process that plays it is believed to be alive';

CREATE TABLE rehearsal_calls (
    id           uuid PRIMARY KEY,
    rehearsal_id uuid NOT NULL REFERENCES rehearsals (id) ON DELETE CASCADE,
    position     integer NOT NULL CHECK (position >= 0),
    call         jsonb NOT NULL,
    passed       boolean NOT NULL,
    UNIQUE (rehearsal_id, position)
);
COMMENT ON TABLE rehearsal_calls IS 'Calls of rehearsals that were made (domain::rehearsal::RehearsedCall), in the order of their scenarios';

CREATE TABLE rehearsal_sounds (
    call_id      uuid PRIMARY KEY,
    rehearsal_id uuid REFERENCES rehearsals (id) ON DELETE SET NULL,
    file_name    text NOT NULL,
    bytes        bigint NOT NULL,
    duration_ms  bigint NOT NULL,
    peaks        jsonb NOT NULL,
    key_id       text,
    pieces       bytea,
    stored_at    timestamptz,
    created_at   timestamptz NOT NULL,
    CONSTRAINT rehearsal_sounds_lock_is_whole CHECK ((key_id IS NULL) = (pieces IS NULL))
);
CREATE INDEX rehearsal_sounds_rehearsal_idx ON rehearsal_sounds (rehearsal_id);
COMMENT ON TABLE rehearsal_sounds IS 'Sound of rehearsed calls, as in recordings. A row without a rehearsal is a file that is still to be deleted; then the row goes too';
