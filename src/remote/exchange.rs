//! The exchanges with a server before it is known who answers, and before a builder is asked for anything. Each has a
//! limit, so that a server which lies, dribbles or never ends holds nobody up. `[ssh] timeout` is the limit of all of
//! them together. Tests go through the list with a hostile server for each.

use std::time::Duration;

/// How much one exchange may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// From the other side.
    pub bytes: u64,
    pub time: Duration,
}

impl Limit {
    /// For messages.
    pub fn exceeded(&self) -> String {
        format!("it sends more than the {} bytes that this takes", self.bytes)
    }
}

/// Makes the exchanges and the list of them in one place, so that none is missing in the list.
macro_rules! exchanges {
    ($($(#[$doc:meta])* $name:ident = $bytes:literal bytes, $seconds:literal seconds;)*) => {
        /// A conversation of a fixed course.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Exchange {
            $($(#[$doc])* $name,)*
        }

        impl Exchange {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What it may take at most, in one try.
            pub const fn limit(self) -> Limit {
                match self {
                    $(Self::$name => Limit { bytes: $bytes, time: Duration::from_secs($seconds) },)*
                }
            }
        }
    };
}

exchanges! {
    /// A connection, and the first bytes that an SSH server says by itself. A slow machine may take longer, as long as
    /// `[ssh] timeout` lets it.
    Connection = 32 bytes, 5 seconds;
    /// An SSH server's greeting and version, the exchange of keys, and the login. Of all that, an honest server says a
    /// few KiB; a banner for people may be as long as a book's page or two.
    Login = 262_144 bytes, 60 seconds;
    /// The first question over a line: what the account can do. So much is kept of the answer.
    FirstQuestion = 4_096 bytes, 60 seconds;
    /// The login to a bastion.
    BastionLogin = 262_144 bytes, 60 seconds;
    /// A bastion's answer to whether it reaches the builder; what it said in the login counts too.
    BastionTunnel = 262_144 bytes, 10 seconds;
    /// The request for a tunnel through an EC2 Instance Connect Endpoint, and each message in it.
    EndpointTunnel = 1_048_576 bytes, 20 seconds;
}
