-- The first schema: campaigns, leads and conversations as the design names them, and what stands around them.
-- Ids are UUIDv7, made by the program. Times are timestamptz. Every status is checked here: the constraint is the rule.

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    email         text NOT NULL,
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    role          text NOT NULL CHECK (role IN ('viewer', 'supervisor', 'manager', 'administrator')),
    password_hash text,
    locked        boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
COMMENT ON COLUMN users.password_hash IS 'Argon2id in PHC string form; null until the invited person chose a password';

CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    token_hash   bytea NOT NULL CONSTRAINT sessions_token_hash_key UNIQUE,
    user_id      uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    browser      text NOT NULL DEFAULT ''
);
CREATE INDEX sessions_user_idx ON sessions (user_id, created_at DESC);
CREATE INDEX sessions_expiry_idx ON sessions (expires_at);
COMMENT ON COLUMN sessions.token_hash IS 'SHA-256 of the cookie''s random 256-bit token: a copy of this table signs nobody in';

CREATE TABLE invitations (
    token_hash bytea PRIMARY KEY,
    user_id    uuid REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
COMMENT ON TABLE invitations IS 'One-time sign-in links. Without user_id: the link that creates the first administrator';

CREATE TABLE sign_in_failures (
    subject text NOT NULL,
    at      timestamptz NOT NULL
);
CREATE INDEX sign_in_failures_idx ON sign_in_failures (subject, at);
COMMENT ON TABLE sign_in_failures IS 'For throttling; subject is a keyed hash of an e-mail address or of a network address. Rows older than an hour are deleted';

CREATE TABLE audit_log (
    id       bigserial PRIMARY KEY,
    at       timestamptz NOT NULL,
    actor_id uuid REFERENCES users (id) ON DELETE SET NULL,
    action   text NOT NULL,
    subject  text NOT NULL,
    detail   jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE settings (
    key        text PRIMARY KEY,
    value      jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid REFERENCES users (id) ON DELETE SET NULL
);
COMMENT ON TABLE settings IS 'Installation-wide switches that people change while it runs, such as dialling_paused';

CREATE TABLE campaigns (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CONSTRAINT campaigns_name_length CHECK (length(name) BETWEEN 1 AND 120),
    status     text NOT NULL CHECK (status IN ('draft', 'running', 'paused', 'stopped', 'completed')),
    script     text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX campaigns_status_idx ON campaigns (status, id DESC);

CREATE TABLE campaign_revisions (
    campaign_id uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    revision    bigint NOT NULL CHECK (revision > 0),
    content     jsonb NOT NULL,
    saved_by    uuid REFERENCES users (id) ON DELETE SET NULL,
    saved_at    timestamptz NOT NULL,
    PRIMARY KEY (campaign_id, revision)
);
COMMENT ON TABLE campaign_revisions IS 'All that a manager wrote (domain::campaign::CampaignContent), once per save. The highest revision is in force; a call keeps the one it began with; two editors merge against the one they both began with';

CREATE TABLE campaign_pacing (
    campaign_id uuid PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
    next_at     timestamptz NOT NULL
);
COMMENT ON TABLE campaign_pacing IS 'Theoretical arrival time of the next call (generic cell rate algorithm): calls per second hold across all workers';

CREATE TABLE imports (
    id              uuid PRIMARY KEY,
    campaign_id     uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    status          text NOT NULL CHECK (status IN ('uploaded', 'running', 'completed', 'cancelled', 'failed')),
    file_name       text NOT NULL,
    encoding        text NOT NULL,
    delimiter       text NOT NULL CHECK (length(delimiter) = 1),
    headers         jsonb NOT NULL,
    mapping         jsonb NOT NULL,
    sample          jsonb NOT NULL,
    default_country text NOT NULL,
    bytes_total     bigint NOT NULL,
    bytes_read      bigint NOT NULL DEFAULT 0,
    rows_read       bigint NOT NULL DEFAULT 0,
    added           bigint NOT NULL DEFAULT 0,
    refused         bigint NOT NULL DEFAULT 0,
    failure         text,
    leased_until    timestamptz,
    created_by      uuid REFERENCES users (id) ON DELETE SET NULL,
    created_at      timestamptz NOT NULL
);
CREATE INDEX imports_campaign_idx ON imports (campaign_id, id DESC);
CREATE INDEX imports_running_idx ON imports (id) WHERE status = 'running';
COMMENT ON COLUMN imports.rows_read IS 'Rows whose fate is decided and committed: a restarted import goes on after them';

CREATE TABLE import_chunks (
    import_id uuid NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    position  integer NOT NULL CHECK (position >= 0),
    bytes     bytea NOT NULL,
    PRIMARY KEY (import_id, position)
);
COMMENT ON TABLE import_chunks IS 'The uploaded file, in pieces, so that any process can read it as a stream. Deleted when the import has ended';

CREATE TABLE import_refusals (
    import_id uuid NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    row       bigint NOT NULL,
    line      bigint NOT NULL,
    reason    text NOT NULL,
    cells     jsonb NOT NULL,
    PRIMARY KEY (import_id, row)
);

CREATE TABLE leads (
    id           uuid PRIMARY KEY,
    phone_number text NOT NULL CONSTRAINT leads_phone_number_e164 CHECK (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
    name         text NOT NULL DEFAULT '',
    email        text NOT NULL DEFAULT '',
    status       text NOT NULL CHECK (status IN ('pending', 'calling', 'done', 'failed', 'do_not_call')),
    error_reason text,
    campaign_id  uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    CONSTRAINT leads_once_per_campaign UNIQUE (campaign_id, phone_number)
);
CREATE INDEX leads_campaign_idx ON leads (campaign_id, id DESC);
CREATE INDEX leads_campaign_status_idx ON leads (campaign_id, status, id DESC);
CREATE INDEX leads_phone_number_idx ON leads (phone_number);

CREATE TABLE lead_variables (
    lead_id   uuid PRIMARY KEY REFERENCES leads (id) ON DELETE CASCADE,
    variables jsonb NOT NULL
);
COMMENT ON TABLE lead_variables IS 'Extra columns of an imported list: script variables';

CREATE TABLE lead_queue (
    lead_id     uuid PRIMARY KEY REFERENCES leads (id) ON DELETE CASCADE,
    campaign_id uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    due_at      timestamptz NOT NULL,
    attempts    integer NOT NULL DEFAULT 0,
    zones       text[] NOT NULL
);
CREATE INDEX lead_queue_due_idx ON lead_queue (campaign_id, due_at, lead_id);
COMMENT ON TABLE lead_queue IS 'One row for each lead that waits for a call: a lead with status pending has one, any other has none';
COMMENT ON COLUMN lead_queue.zones IS 'Every IANA time zone the number could be in; empty if unknown';

CREATE TABLE lead_counts (
    campaign_id uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    status      text NOT NULL,
    leads       bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign_id, status)
);
COMMENT ON TABLE lead_counts IS 'Leads by status, kept by statement triggers on leads, so that a progress bar does not count 100,000 rows';

CREATE TABLE variable_counts (
    campaign_id uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    name        text NOT NULL,
    leads       bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign_id, name)
);
COMMENT ON TABLE variable_counts IS 'For each script variable, how many of the campaign''s leads have a value. Written by whoever adds leads, so that checking a script does not read 100,000 rows';

CREATE FUNCTION count_leads_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lead_counts (campaign_id, status, leads)
    SELECT campaign_id, status, count(*) FROM inserted GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (campaign_id, status) DO UPDATE SET leads = lead_counts.leads + excluded.leads;
    RETURN NULL;
END $$;

CREATE FUNCTION count_leads_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lead_counts (campaign_id, status, leads)
    SELECT campaign_id, status, sum(change) FROM (
        SELECT campaign_id, status, -1 AS change FROM before UNION ALL SELECT campaign_id, status, 1 FROM after
    ) AS changes GROUP BY 1, 2 HAVING sum(change) <> 0 ORDER BY 1, 2
    ON CONFLICT (campaign_id, status) DO UPDATE SET leads = lead_counts.leads + excluded.leads;
    RETURN NULL;
END $$;

CREATE FUNCTION count_leads_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lead_counts SET leads = lead_counts.leads - gone.leads
    FROM (SELECT campaign_id, status, count(*) AS leads FROM deleted GROUP BY 1, 2) AS gone
    WHERE lead_counts.campaign_id = gone.campaign_id AND lead_counts.status = gone.status;
    RETURN NULL;
END $$;

CREATE TRIGGER leads_counted_on_insert AFTER INSERT ON leads
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION count_leads_inserted();
CREATE TRIGGER leads_counted_on_update AFTER UPDATE ON leads
    REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION count_leads_updated();
CREATE TRIGGER leads_counted_on_delete AFTER DELETE ON leads
    REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION count_leads_deleted();

CREATE TABLE conversations (
    id              uuid PRIMARY KEY,
    lead_id         uuid NOT NULL REFERENCES leads (id),
    campaign_id     uuid NOT NULL REFERENCES campaigns (id),
    status          text NOT NULL CHECK (status IN (
        'dialing', 'ringing', 'live',
        'completed', 'call_back', 'opted_out', 'hung_up', 'silent', 'ended_by_supervisor', 'time_limit', 'voicemail',
        'voicemail_left', 'no_answer', 'busy', 'rejected', 'unreachable', 'failed', 'lost', 'cancelled')),
    call_start_time timestamptz,
    call_end_time   timestamptz,
    duration        integer CHECK (duration >= 0),
    results         jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL,
    CONSTRAINT conversations_end_is_whole CHECK ((call_end_time IS NULL) = (status IN ('dialing', 'ringing', 'live')))
);
CREATE INDEX conversations_recent_idx ON conversations (id DESC);
CREATE INDEX conversations_campaign_idx ON conversations (campaign_id, id DESC);
CREATE INDEX conversations_campaign_status_idx ON conversations (campaign_id, status, id DESC);
CREATE INDEX conversations_status_idx ON conversations (status, id DESC);
CREATE INDEX conversations_lead_idx ON conversations (lead_id, id DESC);
CREATE INDEX conversations_open_idx ON conversations (id) WHERE call_end_time IS NULL;
CREATE INDEX conversations_ended_idx ON conversations (call_end_time DESC) WHERE call_end_time IS NOT NULL;
COMMENT ON COLUMN conversations.call_start_time IS 'When the phone was answered; null if it never was';
COMMENT ON COLUMN conversations.duration IS 'Seconds from answer to end; 0 if never answered';
COMMENT ON COLUMN conversations.results IS 'domain::results::ConversationResults: fields, summary, call_back, reason';

CREATE TABLE workers (
    id           uuid PRIMARY KEY,
    started_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL
);

CREATE TABLE leases (
    conversation_id uuid PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    campaign_id     uuid NOT NULL REFERENCES campaigns (id),
    worker_id       uuid NOT NULL REFERENCES workers (id),
    expires_at      timestamptz NOT NULL
);
CREATE INDEX leases_campaign_idx ON leases (campaign_id);
CREATE INDEX leases_worker_idx ON leases (worker_id);
CREATE INDEX leases_expiry_idx ON leases (expires_at);
COMMENT ON TABLE leases IS 'A row for each call in progress: its worker renews it; past its expiry any worker may close the call. Their number is the concurrency';

CREATE TABLE attempts (
    id              uuid PRIMARY KEY,
    lead_id         uuid NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    campaign_id     uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    number          integer NOT NULL CHECK (number > 0),
    revision        bigint NOT NULL,
    reason          text NOT NULL CHECK (reason IN ('allowed', 'do_not_call', 'outside_calling_hours', 'unknown_time_zone')),
    because         jsonb NOT NULL,
    decided_at      timestamptz NOT NULL,
    conversation_id uuid CONSTRAINT attempts_one_per_conversation UNIQUE REFERENCES conversations (id) ON DELETE CASCADE,
    worker_id       uuid NOT NULL,
    dialled_at      timestamptz,
    disposition     text,
    ended_at        timestamptz,
    CONSTRAINT attempts_refused_have_no_call CHECK (reason = 'allowed' OR conversation_id IS NULL)
);
CREATE INDEX attempts_lead_idx ON attempts (lead_id, id DESC);
CREATE INDEX attempts_campaign_reason_idx ON attempts (campaign_id, reason);
CREATE INDEX attempts_campaign_disposition_idx ON attempts (campaign_id, disposition);
CREATE INDEX attempts_refused_idx ON attempts (decided_at) WHERE reason <> 'allowed';
COMMENT ON TABLE attempts IS 'Every decision to call or not to call, and on what it rests';
COMMENT ON COLUMN attempts.number IS 'Counts the calls of this lead; a refusal bears the number of the call that did not happen';
COMMENT ON COLUMN attempts.dialled_at IS 'Set just before the network is asked to dial. After a crash, an attempt without it was never dialled, and for one with it the network is asked';

CREATE TABLE transcript_segments (
    conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position        integer NOT NULL CHECK (position >= 0),
    speaker         text NOT NULL CHECK (speaker IN ('agent', 'person', 'supervisor')),
    text            text NOT NULL,
    start_ms        integer NOT NULL,
    end_ms          integer NOT NULL,
    interrupted     boolean NOT NULL DEFAULT false,
    at              timestamptz NOT NULL,
    PRIMARY KEY (conversation_id, position)
);

CREATE TABLE recordings (
    conversation_id uuid PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    file_name       text NOT NULL,
    bytes           bigint NOT NULL,
    duration_ms     bigint NOT NULL,
    peaks           jsonb NOT NULL,
    created_at      timestamptz NOT NULL
);

CREATE TABLE do_not_call (
    phone_number    text PRIMARY KEY CHECK (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
    reason          text NOT NULL,
    added_at        timestamptz NOT NULL,
    added_by        uuid REFERENCES users (id) ON DELETE SET NULL,
    conversation_id uuid REFERENCES conversations (id) ON DELETE SET NULL
);
CREATE INDEX do_not_call_added_idx ON do_not_call (added_at DESC, phone_number);

CREATE TABLE call_commands (
    id              bigserial PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    command         jsonb NOT NULL,
    issued_by       uuid REFERENCES users (id) ON DELETE SET NULL,
    issued_at       timestamptz NOT NULL,
    taken_at        timestamptz
);
CREATE INDEX call_commands_waiting_idx ON call_commands (conversation_id, id) WHERE taken_at IS NULL;
COMMENT ON TABLE call_commands IS 'Whisper, say and end, from any web process to the worker that holds the call';

CREATE TABLE events (
    id              bigserial PRIMARY KEY,
    at              timestamptz NOT NULL,
    kind            text NOT NULL,
    campaign_id     uuid,
    conversation_id uuid,
    happened        jsonb NOT NULL
);
CREATE INDEX events_conversation_idx ON events (conversation_id, id) WHERE conversation_id IS NOT NULL;
CREATE INDEX events_at_idx ON events (at);
COMMENT ON TABLE events IS 'domain::live::LiveEvent, in commit order: whoever writes one holds an advisory lock until commit, so a reader that saw id n never misses a smaller one. Deleted after seven days';
