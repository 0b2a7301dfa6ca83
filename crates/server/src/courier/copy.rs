//! A publication as one subscription gets it: its text, or the envelope around it.
//!
//! Queues and endpoints get the same bytes, so there is one place that makes them. All that an envelope depends on
//! was fixed when it was published; only where a text has a variant for each protocol does it matter who gets it.

use super::Undeliverable;
use super::signatures::{Key, Made};
use postrider_core::event::Occasion;
use postrider_core::id::Uuid;
use postrider_core::outbox::Published;
use postrider_core::reply::{Claimed, Content};
use postrider_core::topic::subscription::{Form, Protocol};
use postrider_wire::envelope::{
    Confirmation, Notification, Origin, Signature, SignatureVersion, http, text_for, timestamp,
};
use postrider_wire::payload::{Damaged, Notice, Publication, Structure};
use postrider_wire::sns::sequence_number;
use std::borrow::Cow;

/// A publication for one subscription, apart from its payload.
#[derive(Clone, Copy)]
pub(super) struct Copy<'m> {
    pub(super) published: &'m Published,
    pub(super) subscription: Uuid,
    pub(super) protocol: Protocol,
    pub(super) form: Form,
}

/// The payload of a publication.
pub(super) enum Read<'p> {
    /// What somebody published.
    Publication(Publication<'p>),
    /// What asks an endpoint to confirm something.
    Notice(Notice<'p>),
}

/// The texts of an envelope that are made from values.
struct Texts<'p> {
    message_id: String,
    sequence: Option<String>,
    timestamp: String,
    subscription_arn: String,
    message: Cow<'p, str>,
}

impl<'m> Copy<'m> {
    /// The copy that a message in a queue is; `None` for a message of the queue's own. A dead-letter queue has what the
    /// endpoint would have got.
    pub(super) fn in_queue(content: &'m Content) -> Option<Copy<'m>> {
        match content {
            Content::Own(_) => None,
            Content::Copy { published, subscription, rendition, body: _ } => Some(Copy {
                published,
                subscription: *subscription,
                protocol: rendition.protocol,
                form: rendition.form,
            }),
        }
    }

    /// What an endpoint is to get.
    pub(super) fn claimed(claimed: &'m Claimed) -> Copy<'m> {
        Copy {
            published: &claimed.published,
            subscription: claimed.subscription.id,
            protocol: claimed.subscription.endpoint.protocol(),
            form: claimed.subscription.form,
        }
    }

    /// Reads the payload.
    pub(super) fn read<'p>(&self, payload: &'p [u8]) -> Result<Read<'p>, Damaged> {
        match self.published.occasion {
            Occasion::Published | Occasion::Replayed => Publication::decode(payload).map(Read::Publication),
            Occasion::Notice => Notice::decode(payload).map(Read::Notice),
        }
    }

    /// ARN of the subscription.
    pub(super) fn subscription_arn(&self) -> String {
        format!("{}:{}", self.published.topic, self.subscription)
    }

    /// What its signature is known by; `None` if it has none: a raw message, and one of a FIFO topic.
    pub(super) fn key(&self, read: &Read<'_>) -> Option<Key> {
        let variant = match read {
            Read::Publication(publication) => {
                publication.signing_key_id.filter(|_| self.form == Form::Envelope)?;
                match publication.structure {
                    Structure::Text => "",
                    Structure::Json => self.protocol.as_str(),
                }
            }
            Read::Notice(_) => "",
        };
        Some((self.published.message_id, variant))
    }

    /// What is signed of it, and how.
    pub(super) fn signed_text(&self, read: &Read<'_>) -> Result<(SignatureVersion, String), Undeliverable> {
        Ok(match read {
            Read::Publication(publication) => {
                let texts = self.texts(self.text(publication)?);
                let text = self.notification(&texts, publication).string_to_sign();
                (publication.signature_version, text)
            }
            Read::Notice(notice) => {
                let texts = self.texts("".into());
                (notice.signature_version, self.confirmation(&texts, notice).string_to_sign())
            }
        })
    }

    /// The text of the subscription's protocol.
    pub(super) fn text<'p>(&self, publication: &Publication<'p>) -> Result<Cow<'p, str>, Undeliverable> {
        text_for(publication.structure, publication.message, self.protocol.as_str())
            .map_err(Undeliverable::Unstructured)
    }

    /// What the endpoint gets: the text, or the envelope with what was made of [`Copy::signed_text`]. A confirmation is
    /// never raw.
    pub(super) fn render<'p>(
        &self,
        read: &Read<'p>,
        made: Option<&Made>,
    ) -> Result<Cow<'p, str>, Undeliverable> {
        match read {
            Read::Publication(publication) => {
                let text = self.text(publication)?;
                if self.form == Form::Raw {
                    return Ok(text);
                }
                let texts = self.texts(text);
                let notification = self.notification(&texts, publication);
                let signature = made.map(|made| signature(made, publication.signature_version));
                Ok(notification.render(signature).into())
            }
            Read::Notice(notice) => {
                let texts = self.texts("".into());
                let made = made.ok_or(Damaged("a confirmation that nobody signed"))?;
                let signature = signature(made, notice.signature_version);
                Ok(self.confirmation(&texts, notice).render(signature).into())
            }
        }
    }

    /// What a confirmation says to people.
    pub(super) fn confirmation_text(&self, notice: &Notice<'_>) -> String {
        self.confirmation(&self.texts("".into()), notice).message()
    }

    /// What goes in front of it over HTTP, names and values.
    pub(super) fn headers(&self, read: &Read<'_>, content_type: &str) -> Vec<(&'static str, String)> {
        let texts = self.texts("".into());
        let all = |headers: http::Headers<'_>| {
            headers.iter().map(|(name, value)| (name, value.to_owned())).collect()
        };
        match read {
            Read::Publication(publication) => {
                let form = match self.form {
                    Form::Envelope => http::Form::Envelope,
                    Form::Raw => http::Form::Raw,
                };
                all(self.notification(&texts, publication).headers(form, content_type))
            }
            Read::Notice(notice) => all(self.confirmation(&texts, notice).headers()),
        }
    }

    fn texts<'p>(&self, message: Cow<'p, str>) -> Texts<'p> {
        Texts {
            message_id: self.published.message_id.to_string(),
            sequence: self.published.fifo.map(|fifo| sequence_number(fifo.sequence)),
            timestamp: timestamp(self.published.published_at.0),
            subscription_arn: self.subscription_arn(),
            message,
        }
    }

    fn notification<'n>(
        &'n self,
        texts: &'n Texts<'_>,
        publication: &'n Publication<'_>,
    ) -> Notification<'n> {
        Notification {
            message_id: &texts.message_id,
            sequence_number: texts.sequence.as_deref(),
            origin: match self.published.occasion {
                Occasion::Replayed => Origin::Archive,
                Occasion::Published | Occasion::Notice => Origin::Live,
            },
            topic_arn: self.published.topic.as_str(),
            subject: publication.subject,
            message: &texts.message,
            timestamp: &texts.timestamp,
            service_url: publication.service_url,
            subscription_arn: &texts.subscription_arn,
            attributes: &publication.attributes,
        }
    }

    fn confirmation<'n>(&'n self, texts: &'n Texts<'_>, notice: &'n Notice<'_>) -> Confirmation<'n> {
        Confirmation {
            kind: notice.kind,
            message_id: &texts.message_id,
            token: notice.token,
            topic_arn: self.published.topic.as_str(),
            subscription_arn: &texts.subscription_arn,
            timestamp: &texts.timestamp,
            service_url: notice.service_url,
        }
    }
}

fn signature(made: &Made, version: SignatureVersion) -> Signature<'_> {
    Signature {
        version,
        value: &made.signature,
        key_id: &made.key_id,
        certificates: made.certificates.as_deref(),
    }
}
