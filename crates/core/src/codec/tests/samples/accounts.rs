//! What version 3 added for accounts and platform applications.

use super::{tags, time};
use crate::Arn;
use crate::account::{self, Sandboxed, Status};
use crate::application::{self, ApplicationStated, Endpoint, EndpointStated, State};
use crate::event::Event;
use crate::id::Uuid;

const APPLICATION: Uuid = Uuid(0x1f2e_3d4c_5b6a_4978_8695_a4b3_c2d1_e0f0);
const ENDPOINT: Uuid = Uuid(0x9a8b_7c6d_5e4f_4031_a223_3445_5667_7889);

/// One event of each kind, every field in use.
pub(in super::super) fn accounts() -> Vec<Event> {
    let account = || Arn::of_account("aws", "sns", "eu-west-1", "123456789012");
    let of_account = [
        account::Event::SmsAttributes {
            account: account(),
            attributes: tags([("DefaultSMSType", "Transactional"), ("MonthlySpendLimit", "5")]),
        },
        account::Event::Sandboxed(Box::new(Sandboxed {
            account: account(),
            phone: "+15550100".into(),
            status: Status::Verified,
            password: "012345".into(),
            since: time(7),
        })),
        account::Event::Unsandboxed { account: account(), phone: "+15550100".into() },
        account::Event::OptedOut { account: account(), phone: "+15550101".into(), at: time(8) },
        account::Event::OptedIn { account: account(), phone: "+15550101".into() },
    ];
    let endpoint = Endpoint { token: "device-7".into(), user_data: "seven".into(), state: State::Disabled };
    let of_application = [
        application::Event::Application(Box::new(ApplicationStated {
            id: APPLICATION,
            arn: Arn::of("aws", "sns", "eu-west-1", "123456789012", "app/GCM/shop"),
            attributes: tags([("Enabled", "false"), ("PlatformCredential", "key")]),
        })),
        application::Event::Deleted { application: APPLICATION },
        application::Event::Endpoint(Box::new(EndpointStated {
            application: APPLICATION,
            id: ENDPOINT,
            endpoint,
        })),
        application::Event::EndpointDeleted { application: APPLICATION, id: ENDPOINT },
    ];
    let of_account = of_account.into_iter().map(Event::Account);
    of_account.chain(of_application.into_iter().map(Event::Application)).collect()
}

pub(super) fn golden_of_account(event: &account::Event) -> &'static str {
    match event {
        account::Event::SmsAttributes { .. } => {
            include_str!("../../../../tests/golden/40-sms-attributes.hex")
        }
        account::Event::Sandboxed(_) => include_str!("../../../../tests/golden/41-sandboxed.hex"),
        account::Event::Unsandboxed { .. } => include_str!("../../../../tests/golden/42-unsandboxed.hex"),
        account::Event::OptedOut { .. } => include_str!("../../../../tests/golden/43-opted-out.hex"),
        account::Event::OptedIn { .. } => include_str!("../../../../tests/golden/44-opted-in.hex"),
    }
}

pub(super) fn golden_of_application(event: &application::Event) -> &'static str {
    match event {
        application::Event::Application(_) => include_str!("../../../../tests/golden/45-application.hex"),
        application::Event::Deleted { .. } => {
            include_str!("../../../../tests/golden/46-application-deleted.hex")
        }
        application::Event::Endpoint(_) => include_str!("../../../../tests/golden/47-endpoint.hex"),
        application::Event::EndpointDeleted { .. } => {
            include_str!("../../../../tests/golden/48-endpoint-deleted.hex")
        }
    }
}
