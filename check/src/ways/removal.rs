//! What becomes of an object that its way no longer gives: the first link that broke decides, then each link below it.
//! Reads the words of an object only by way of `words`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fate::{Fate, by_words};
use super::gone::GoneLink;
use super::words::Going;
use crate::object::Object;
use crate::way::{Link, Links, Removal, Way};

/// Of an object of a known way, whose keys `key_in_head` gives as the head has them. `head` are its leading objects, and the files of it that
/// cannot be read.
pub(crate) fn fate(
    object: &Object,
    way: &Way,
    key_in_head: &dyn Fn(&[Arc<Link>]) -> String,
    (head, head_unclear): (&Links, &BTreeSet<String>),
) -> Fate {
    let broken = (1..=way.links.len()).find(|count| {
        let links = way.links.get(..*count).unwrap_or_default();
        !head.contains_key(&key_in_head(links))
    });
    match broken {
        Some(count) => {
            let index = count.saturating_sub(1);
            let gone = GoneLink::at(index, object, way, key_in_head, (head, head_unclear));
            gone.map_or_else(|| Fate::NotKnown("its way is not known".to_owned()), |gone| gone.fate())
        }
        None => dropped(object, way, &key_in_head(&way.links), head),
    }
}

/// All links stand; the last one no longer applies the object.
fn dropped(object: &Object, way: &Way, key: &str, head: &Links) -> Fate {
    let (Some(old), Some(new)) = (way.links.last(), head.get(key)) else {
        return Fate::NotKnown("its way is not known".to_owned());
    };
    // What was not known before either was not where the object came from.
    if let Some(gap) = new.gaps.iter().find(|gap| !old.gaps.contains(gap)) {
        return Fate::NotKnown(format!("what {} applies now is not known: {gap}", new.shown()));
    }
    // Whichever of both sides deletes: the tool may read the new one first, or late.
    if let (Removal::Keeps(why), Removal::Keeps(_)) = (&old.when_dropped, &new.when_dropped) {
        return Fate::Kept(format!("{} {why}", old.shown()));
    }
    let cause = format!("{} no longer applies it, and prunes", old.shown());
    by_words(object, old, Going::Dropped, cause)
}
