-- Two more things that a call can come to: a phone menu answered, or a fax, a modem or mere noise. Neither is a voicemail,
-- and nobody was spoken with. Every row there is satisfies the wider lists, so nothing has to be looked through.
ALTER TABLE conversations DROP CONSTRAINT conversations_status_check;
ALTER TABLE conversations ADD CONSTRAINT conversations_status_check CHECK (status IN (
    'dialing', 'ringing', 'live',
    'completed', 'call_back', 'opted_out', 'hung_up', 'silent', 'ended_by_supervisor', 'transferred', 'time_limit',
    'voicemail', 'voicemail_left', 'phone_menu', 'fax_or_noise', 'no_answer', 'busy', 'rejected', 'unreachable', 'failed', 'lost',
    'cancelled')) NOT VALID;
ALTER TABLE attempts DROP CONSTRAINT attempts_disposition_check;
ALTER TABLE attempts ADD CONSTRAINT attempts_disposition_check CHECK (disposition IN (
    'completed', 'call_back', 'opted_out', 'hung_up', 'silent', 'ended_by_supervisor', 'transferred', 'time_limit',
    'voicemail', 'voicemail_left', 'phone_menu', 'fax_or_noise', 'no_answer', 'busy', 'rejected', 'unreachable', 'failed', 'lost',
    'cancelled')) NOT VALID;
