-- Leads that the gate held back are found again when a campaign's hours change; an index for viewers of an import who
-- come back; the last unchecked status; and a word on every table.

ALTER TABLE lead_queue ADD COLUMN due_but_for_gate timestamptz;
COMMENT ON COLUMN lead_queue.due_at IS 'Nobody asks for the lead before this time';
COMMENT ON COLUMN lead_queue.attempts IS 'Calls made so far; refusals and cancelled calls do not count';
COMMENT ON COLUMN lead_queue.due_but_for_gate IS 'Only while the gate holds the lead back: when it was due otherwise. New hours make it due then again';

CREATE INDEX events_import_idx ON events ((happened -> 'import' ->> 'import_id'), id) WHERE kind = 'import_moved';

ALTER TABLE attempts ADD CONSTRAINT attempts_disposition_check CHECK (disposition IN (
    'completed', 'call_back', 'opted_out', 'hung_up', 'silent', 'ended_by_supervisor', 'time_limit', 'voicemail',
    'voicemail_left', 'no_answer', 'busy', 'rejected', 'unreachable', 'failed', 'lost', 'cancelled'));
ALTER TABLE attempts ADD CONSTRAINT attempts_end_is_whole CHECK ((disposition IS NULL) = (ended_at IS NULL));
COMMENT ON COLUMN attempts.because IS 'domain::calling_hours::GateEvidence: the clocks, hours and list on which the decision rests';
COMMENT ON COLUMN attempts.worker_id IS 'Who decided. No foreign key: workers are forgotten, decisions are not';

COMMENT ON TABLE users IS 'People who may sign in';
COMMENT ON TABLE sessions IS 'One row for each browser in which somebody is signed in; signing out deletes it';
COMMENT ON TABLE audit_log IS 'Who did what, for good';
COMMENT ON TABLE campaigns IS 'One list of people and what to say to them. name and script are those of the newest revision';
COMMENT ON COLUMN campaigns.status IS 'domain::campaign::CampaignStatus';
COMMENT ON TABLE imports IS 'Uploaded lists and how far each was read';
COMMENT ON TABLE import_refusals IS 'Rows of a list that did not become leads: every row of the file is either here or a lead';
COMMENT ON COLUMN import_refusals.row IS 'Counts the rows of the file from 1, those above the first lead not counted';
COMMENT ON COLUMN import_refusals.line IS 'Line of the file on which the record begins';
COMMENT ON TABLE leads IS 'People to call, each number once per campaign';
COMMENT ON COLUMN leads.status IS 'domain::lead::LeadStatus: pending (has a row in lead_queue), calling (has a call in progress), done, failed, do_not_call';
COMMENT ON COLUMN leads.error_reason IS 'Why it failed or is not called, as a sentence';
COMMENT ON TABLE conversations IS 'Calls, from the claim of a lead to the one end';
COMMENT ON COLUMN conversations.status IS 'domain::conversation::ConversationStatus: a stage, or the disposition once it has ended';
COMMENT ON TABLE workers IS 'Processes that make calls; each start is a new one. Forgotten a week after they were last seen';
COMMENT ON TABLE transcript_segments IS 'What was said aloud, sentence by sentence; start_ms and end_ms count from the answer';
COMMENT ON COLUMN transcript_segments.interrupted IS 'The agent was cut off: text holds only the words that were played';
COMMENT ON TABLE recordings IS 'Sound files in the directory of recordings; peaks are pairs (agent, person), 0 to 100, for the picture of the sound';
COMMENT ON TABLE do_not_call IS 'Numbers that no campaign calls';
