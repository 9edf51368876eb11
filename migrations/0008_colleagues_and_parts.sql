-- Colleagues are called into calls, what supervisors do is part of the transcript, people are put through; and a call that
-- another worker goes on with is recorded in a further file.
ALTER TABLE transcript_segments DROP CONSTRAINT transcript_segments_speaker_check;
ALTER TABLE transcript_segments ADD CONSTRAINT transcript_segments_speaker_check
    CHECK (speaker IN ('agent', 'person', 'supervisor', 'supervisor_aloud', 'colleague', 'act')) NOT VALID;

ALTER TABLE conversations DROP CONSTRAINT conversations_status_check;
ALTER TABLE conversations ADD CONSTRAINT conversations_status_check CHECK (status IN (
    'dialing', 'ringing', 'live',
    'completed', 'call_back', 'opted_out', 'hung_up', 'silent', 'ended_by_supervisor', 'transferred', 'time_limit',
    'voicemail', 'voicemail_left', 'no_answer', 'busy', 'rejected', 'unreachable', 'failed', 'lost', 'cancelled')) NOT VALID;
ALTER TABLE attempts DROP CONSTRAINT attempts_disposition_check;
ALTER TABLE attempts ADD CONSTRAINT attempts_disposition_check CHECK (disposition IN (
    'completed', 'call_back', 'opted_out', 'hung_up', 'silent', 'ended_by_supervisor', 'transferred', 'time_limit',
    'voicemail', 'voicemail_left', 'no_answer', 'busy', 'rejected', 'unreachable', 'failed', 'lost', 'cancelled')) NOT VALID;

-- A release that does not know parts goes on writing the first.
ALTER TABLE recordings ADD COLUMN starts_ms bigint NOT NULL DEFAULT 0 CONSTRAINT recordings_start_in_the_call CHECK (starts_ms >= 0);
ALTER TABLE recordings DROP CONSTRAINT recordings_pkey, ADD PRIMARY KEY (conversation_id, starts_ms);
COMMENT ON TABLE recordings IS 'Sound files in the directory of recordings or the object store, one for each worker that held the call; peaks are pairs (agent, person), 0 to 100, for the picture of the sound';
COMMENT ON COLUMN recordings.starts_ms IS 'Where in the call the file begins, milliseconds since the answer; 0 for the file of the worker that dialled';

ALTER TABLE leases ADD COLUMN recording_began boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN leases.recording_began IS 'The person was told as far as they must be: whoever goes on with the call may record it without telling them again';
