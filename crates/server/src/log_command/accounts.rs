//! Events of accounts and platform applications, in one line each, without secrets.

use postrider_core::event::Tags;
use postrider_core::{account, application};

pub(super) fn of_account(event: &account::Event) -> String {
    match event {
        account::Event::SmsAttributes { account, attributes } => {
            format!("sms attributes of {account} {}", names(attributes))
        }
        account::Event::Sandboxed(stated) => format!(
            "sandbox of {} has {} {:?} since={}",
            stated.account, stated.phone, stated.status, stated.since.0
        ),
        account::Event::Unsandboxed { account, phone } => format!("sandbox of {account} lost {phone}"),
        account::Event::OptedOut { account, phone, at } => {
            format!("opted out of {account} {phone} at={}", at.0)
        }
        account::Event::OptedIn { account, phone } => format!("opted in to {account} {phone}"),
    }
}

pub(super) fn of_application(event: &application::Event) -> String {
    match event {
        application::Event::Application(stated) => {
            format!("application {} {} {}", stated.id, stated.arn, names(&stated.attributes))
        }
        application::Event::Deleted { application } => format!("application {application} deleted"),
        application::Event::Endpoint(stated) => {
            format!("endpoint {} application={} {:?}", stated.id, stated.application, stated.endpoint.state)
        }
        application::Event::EndpointDeleted { application, id } => {
            format!("endpoint {id} deleted application={application}")
        }
    }
}

/// Values may be credentials.
fn names(attributes: &Tags) -> String {
    let names: Vec<&str> = attributes.keys().map(|name| &**name).collect();
    format!("attributes={}", names.join(","))
}
