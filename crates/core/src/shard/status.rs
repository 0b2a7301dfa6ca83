//! What topics are told of deliveries that were owed to other shards, when those have answered (sns 16).

use super::{Publication, Shard};
use crate::event::{Leg, Occasion};
use crate::id::PublicationId;
use crate::outbox::Owed;
use crate::topic::status::{Ended, EndedCopy, Fault, Wants};

impl Shard {
    /// What their topics want to be told of deliveries that ended so, in order. Those of one publication are next to each
    /// other, and looked up once.
    pub(super) fn ended<'a>(
        &self,
        answered: impl Iterator<Item = (&'a Owed, Result<(), Fault>)>,
    ) -> Vec<Ended> {
        let mut told: Vec<(PublicationId, Ended)> = Vec::new();
        let mut last: Option<(PublicationId, Wants)> = None;
        for (owed, end) in answered {
            // What is on its way to a dead-letter queue has failed before.
            let Owed::Copy { publication, queue, subscription, leg: Leg::Endpoint, rendition: _ } = owed
            else {
                continue;
            };
            let known = last.filter(|(id, _)| id == publication);
            let wants = known.map_or_else(|| self.wants(*publication), |(_, wants)| wants);
            last = Some((*publication, wants));
            if !wants.includes(&end) {
                continue;
            }
            let copy = EndedCopy { subscription: *subscription, queue: queue.clone(), end };
            match told.last_mut().filter(|(id, _)| id == publication) {
                Some((_, ended)) => ended.copies.push(copy),
                None => {
                    let Some(Publication { published, body, .. }) = self.publications.get(publication) else {
                        continue;
                    };
                    let (published, body) = (published.clone(), body.clone());
                    told.push((*publication, Ended { published, body, at: self.now, copies: vec![copy] }));
                }
            }
        }
        told.into_iter().map(|(_, ended)| ended).collect()
    }

    /// What the topic of a publication wants to be told of it.
    fn wants(&self, publication: PublicationId) -> Wants {
        let Some(Publication { published, .. }) = self.publications.get(&publication) else {
            return Wants::default();
        };
        match published.occasion {
            Occasion::Notice => Wants::default(),
            Occasion::Published | Occasion::Replayed => {
                let topic = self.topic_by_name(&published.topic).and_then(|topic| topic.stated.as_ref());
                topic.map_or_else(Wants::default, |topic| topic.asked.wants(published.message_id))
            }
        }
    }
}
