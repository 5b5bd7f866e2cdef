-- A key's own activity: `events` of one key, newest first (store/events.rs). Keys alone: of other targets nobody asks so.
CREATE INDEX events_of_key ON events (chain, target_id, seq) WHERE target_kind = 'key';
