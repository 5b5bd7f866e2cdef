-- What the activity's filters ask for, each in the order of its pages: a rare word in a long chain costs no walk through
-- the whole of it.
CREATE INDEX events_of_action ON events (chain, action, seq);
CREATE INDEX events_of_actor ON events (chain, actor_name, seq);
CREATE INDEX events_refused ON events (chain, seq) WHERE outcome > 0;
