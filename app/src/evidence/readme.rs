//! The file of the pack that says what is in it, and how it is checked.

use sallyport::Timestamp;

use super::{Covered, Evidence};

pub(super) fn readme(of: &Evidence, covered: &Covered, portal: &str, now: Timestamp) -> String {
    let Evidence { org, from, to, .. } = of;
    let from = from.map_or_else(|| "the beginning".to_owned(), Timestamp::to_rfc3339);
    let to = to.map_or_else(|| "now".to_owned(), Timestamp::to_rfc3339);
    let (name, id, now, size, at) = (&org.name, &org.id, now.to_rfc3339(), covered.by.size, covered.by.at.to_rfc3339());
    let pruned = match covered.pruned {
        0 => String::new(),
        until => format!(
            "\
             \x20                  Events 1 to {until} were removed because of their age: the first line has the tree over their\n\
             \x20                  hashes, with which the rest is still checked.\n"
        ),
    };
    format!(
        "Evidence pack\n\
         =============\n\n\
         Organization: {name} ({id})\n\
         Portal:       {portal}\n\
         Period:       from {from} until {to}\n\
         Made:         {now}\n\n\
         What is in it\n\
         -------------\n\n\
         events.jsonl       Events 1 to {size}: from the first of the organization on, because only a whole chain can be\n\
         \x20                  checked, and up to the first signed checkpoint that covers the period (of {at}).\n\
             {pruned}\
         checkpoints.jsonl  The signed checkpoints of these events.\n\
         public-keys.json   The keys that verify them. Whoever gave you this pack could have made them up: compare them\n\
         \x20                  with those that you kept, or with /.well-known/sallyport-audit.json of the portal.\n\
         period.csv         The events of the period alone, for reading.\n\
         members.csv        Who belongs to the organization, with their role there, when the pack was made;\n\
         \x20                  members.jsonl has their roles at each place.\n\
         keys.csv           The API keys when the pack was made, revoked ones included. No secret is in it.\n\n\
         How to check it\n\
         ---------------\n\n\
         With Sallyport's command, without the portal:\n\n\
         \x20   sallyport audit verify --from-export events.jsonl --checkpoint checkpoints.jsonl \\\n\
         \x20       --public-key public-keys.json\n\n\
         Or with the independent checker (verify.py of examples/audit in Sallyport's files, Python 3.9):\n\n\
         \x20   python3 verify.py events.jsonl --checkpoint checkpoints.jsonl --public-key public-keys.json\n\n\
         Both exit with 0 if nothing is wrong, and name the first wrong event if something is. A checkpoint that you kept\n\
         earlier, outside of the portal, proves more than those in this pack: give it as another --checkpoint.\n\
         docs/audit.md says what is proven, and what is not.\n"
    )
}
