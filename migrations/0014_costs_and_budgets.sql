-- What each call used and cost, and campaigns that wait because what they may spend in a day is spent.
CREATE TABLE call_costs (
    conversation_id uuid PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    campaign_id     uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    ended_at        timestamptz NOT NULL,
    usage           jsonb NOT NULL,
    prices          jsonb,
    currency        text,
    micros          bigint CHECK (micros >= 0),
    CONSTRAINT call_costs_are_whole CHECK ((prices IS NULL) = (currency IS NULL) AND (prices IS NULL) = (micros IS NULL))
);
CREATE INDEX call_costs_campaign_idx ON call_costs (campaign_id, ended_at DESC) INCLUDE (micros, currency);
COMMENT ON TABLE call_costs IS 'One row for each call that ended since this was counted';
COMMENT ON COLUMN call_costs.usage IS 'domain::cost::Usage';
COMMENT ON COLUMN call_costs.prices IS 'domain::cost::PriceTable by which it was reckoned, whatever it is now; null if there was none';
COMMENT ON COLUMN call_costs.micros IS 'What it cost, in millionths of a unit of the currency';

CREATE TABLE budget_waits (
    campaign_id uuid PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
    since       timestamptz NOT NULL,
    until       timestamptz,
    standing    jsonb NOT NULL
);
COMMENT ON TABLE budget_waits IS 'Running campaigns that start no call because of what they may spend in a day. Written and deleted by whoever claims';
COMMENT ON COLUMN budget_waits.until IS 'When the next day begins; null if waiting does not help';
COMMENT ON COLUMN budget_waits.standing IS 'domain::budget::Standing: what the decision rests on';
