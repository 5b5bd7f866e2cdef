-- The activity's filter names an actor by kind and id: names change, and several may have one.
CREATE INDEX events_by_actor ON events (chain, actor_kind, actor_id, seq);
DROP INDEX events_of_actor;
