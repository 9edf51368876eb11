-- Results that could not be drawn when a call ended are drawn later, or it is said that they could not be.
CREATE TABLE result_jobs (
    conversation_id uuid PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    campaign_id     uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    status          text NOT NULL CHECK (status IN ('pending', 'failed')),
    tries           integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    due_at          timestamptz NOT NULL,
    leased_until    timestamptz,
    reason          text NOT NULL
);
CREATE INDEX result_jobs_due_idx ON result_jobs (due_at) WHERE status = 'pending';
CREATE INDEX result_jobs_campaign_idx ON result_jobs (campaign_id, status);
COMMENT ON TABLE result_jobs IS 'Conversations whose results are not drawn: pending ones are tried again, failed ones only when somebody asks. Drawn, and the row is gone';
COMMENT ON COLUMN result_jobs.tries IS 'Tries that were begun by the job; also what a worker proves itself by that takes longer than its lease';
COMMENT ON COLUMN result_jobs.leased_until IS 'Until then the process that tries it is believed to be alive';
COMMENT ON COLUMN result_jobs.reason IS 'Why the last try did not succeed, as a sentence without personal data';
COMMENT ON COLUMN conversations.results IS 'domain::results::ConversationResults: fields with the lines that support them, summary, sentiment, call_back, reason';
