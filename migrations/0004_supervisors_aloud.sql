-- A supervisor who takes over or barges in is heard by the person; a whisper is not.
ALTER TABLE transcript_segments DROP CONSTRAINT transcript_segments_speaker_check;
ALTER TABLE transcript_segments ADD CONSTRAINT transcript_segments_speaker_check
    CHECK (speaker IN ('agent', 'person', 'supervisor', 'supervisor_aloud')) NOT VALID;
COMMENT ON TABLE call_commands IS 'What supervisors tell running calls, from any web process to the worker that holds the call';
