-- Recordings are locked, moved to an object store, and deleted when their time is over; the row stays and says so.
ALTER TABLE recordings
    ADD COLUMN key_id text,
    ADD COLUMN pieces bytea,
    ADD COLUMN stored_at timestamptz,
    ADD COLUMN deleted_at timestamptz,
    ADD CONSTRAINT recordings_lock_is_whole CHECK ((key_id IS NULL) = (pieces IS NULL));
CREATE INDEX recordings_kept_idx ON recordings (created_at) WHERE deleted_at IS NULL;
COMMENT ON TABLE recordings IS 'Sound files in the directory of recordings or the object store; peaks are pairs (agent, person), 0 to 100, for the picture of the sound';
COMMENT ON COLUMN recordings.bytes IS 'Length of the sound when it is unlocked';
COMMENT ON COLUMN recordings.key_id IS 'Name of the key it is locked with; null if it is not locked';
COMMENT ON COLUMN recordings.pieces IS 'vault::Pieces: lengths of the pieces in a locked file, to find a place in it';
COMMENT ON COLUMN recordings.stored_at IS 'When it was in the object store; until then it lies in the directory of the process that made it';
COMMENT ON COLUMN recordings.deleted_at IS 'When the file was deleted';
