//! Requests of a chosen length, the same in every run.

use nxcloud_signing::{
    AccessKey, Action, BizType, Body, Request, Secret, Signer, Timestamp, antbuddy,
};

/// The access key of every request.
pub const ACCESS_KEY: &str = "fme2na3kdi3ki";
/// The secret of every request.
pub const SECRET: &str = "abciiiko2k3";
/// The action of every request.
pub const ACTION: &str = "send";
/// The bizType of every request.
pub const BIZ_TYPE: &str = "1";
/// The timestamp of every request.
pub const TS: &str = "1655710885431";

/// Length of the string to sign without the body, in bytes.
const FRAME: usize = "accessKey=&action=&bizType=&ts=&body=&accessSecret=".len()
    + ACCESS_KEY.len()
    + ACTION.len()
    + BIZ_TYPE.len()
    + TS.len()
    + SECRET.len();

/// A signer for the account of every request.
///
/// # Panics
/// Never: the account is a valid constant.
#[must_use]
#[expect(clippy::unwrap_used, reason = "a valid constant")]
pub fn signer() -> Signer {
    Signer::new(
        AccessKey::new(ACCESS_KEY).unwrap(),
        Secret::new(SECRET).unwrap(),
    )
}

/// A signer for the same account with the other scheme.
///
/// # Panics
/// Never: the account is a valid constant.
#[must_use]
#[expect(clippy::unwrap_used, reason = "a valid constant")]
pub fn antbuddy_signer() -> antbuddy::Signer {
    antbuddy::Signer::new(
        antbuddy::AppId::new(ACCESS_KEY).unwrap(),
        Secret::new(SECRET).unwrap(),
    )
}

/// A JSON body with which the string to sign is `length` bytes long. The length is at least 97.
#[must_use]
pub fn body(length: usize) -> String {
    let fill = length.saturating_sub(FRAME + r#"[""]"#.len());
    format!(
        r#"["{}"]"#,
        "nxcloud ".chars().cycle().take(fill).collect::<String>()
    )
}

/// Bodies for a batch. The lengths of the strings to sign are spread evenly over `length ± spread`, in a mixed order.
#[must_use]
pub fn bodies(count: usize, length: usize, spread: usize) -> Vec<String> {
    // Steps of a large number through the range mix the order; it is the same on every machine.
    let width = 2 * spread + 1;
    (0..count)
        .map(|i| body(length - spread + i * 7919 % width))
        .collect()
}

/// The request with this body.
///
/// # Panics
/// Never: the other parts are valid constants.
#[must_use]
#[expect(clippy::unwrap_used, reason = "a valid constant")]
pub fn request(body: &str) -> Request<'_> {
    const SEND: Action<'_> = Action::from_static(ACTION);
    const NUMBER_CHECK: BizType<'_> = BizType::from_static(BIZ_TYPE);
    Request {
        action: SEND,
        biz_type: NUMBER_CHECK,
        ts: TS.parse::<Timestamp>().unwrap(),
        body: Body::Signed(body.as_bytes()),
    }
}

/// The string that is digested for a body.
#[must_use]
pub fn string_to_sign(body: &str) -> String {
    format!(
        "accessKey={ACCESS_KEY}&action={ACTION}&bizType={BIZ_TYPE}&ts={TS}&body={body}&accessSecret={SECRET}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_string_to_sign_has_the_requested_length() {
        for length in [97, 172, 400, 1_500, 65_536] {
            assert_eq!(string_to_sign(&body(length)).len(), length);
        }
    }

    #[test]
    fn mixed_bodies_cover_the_whole_range() {
        let bodies = bodies(1_000, 172, 72);
        let lengths: Vec<_> = bodies
            .iter()
            .map(|body| string_to_sign(body).len())
            .collect();
        assert_eq!(lengths.iter().min(), Some(&100));
        assert_eq!(lengths.iter().max(), Some(&244));
    }
}
