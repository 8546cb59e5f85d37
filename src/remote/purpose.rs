//! What commands are sent to a builder for. Every command names its purpose, so that tests can go through all of
//! them: there is no other way to a builder. The purpose limits how long a command may take, so that no question of
//! hornero's own waits for ever on a builder where something hangs.

use std::time::Duration;

/// How long a command may take where whoever sends it says nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeLimit {
    /// From its beginning to its end.
    Whole(Duration),
    /// With nothing sent, and nothing heard of it: how much it brings is not known before.
    Silence(Duration),
}

/// Makes the purposes and the list of them in one place, so that none is missing in the list.
macro_rules! purposes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $kind:ident $seconds:literal s;)*) => {
        /// Why a command is sent.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Purpose {
            $($(#[$doc])* $name,)*
        }

        impl Purpose {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Stands in what the builder's shell is told, where it does nothing.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// How long a command may take where whoever sends it says nothing else.
            pub fn time_limit(self) -> TimeLimit {
                match self {
                    $(Self::$name => TimeLimit::$kind(Duration::from_secs($seconds)),)*
                }
            }
        }
    };
}

purposes! {
    /// The first question over a line: what the account can do.
    Login = "login", Whole 60 s;
    /// Whether the line is still there.
    Probe = "probe", Whole 30 s;
    /// Waits until everything that starts at boot has been started.
    Boot = "boot", Whole 300 s;
    /// A script that outlives its line: a step, the checks, the end of cloud-init, groups and disks.
    Job = "job", Whole 604_800 s;
    /// Ends a job whose time is over.
    EndJob = "end-job", Whole 15 s;
    /// Ends all jobs of a run.
    EndJobs = "end-jobs", Whole 30 s;
    /// Ends the process group of a command whose time is over.
    EndGroup = "end-group", Whole 10 s;
    /// Asks for the accounts that own uploaded files.
    Accounts = "accounts", Whole 120 s;
    /// Puts uploaded files in their places.
    Upload = "upload", Silence 600 s;
    /// Brings pieces of an upload beside the first line.
    UploadBeside = "upload-beside", Silence 600 s;
    /// Fetches a file.
    Download = "download", Silence 300 s;
    /// Restarts the builder.
    Restart = "restart", Whole 120 s;
    /// Tells one boot from another.
    BootId = "boot-id", Whole 60 s;
    /// Puts off the time when the builder ends itself.
    TimeToLive = "time-to-live", Whole 60 s;
    /// The last look at the builder: inventory, seal, search for secrets.
    Seal = "seal", Whole 3_600 s;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_has_a_word_of_its_own() {
        for (place, purpose) in Purpose::ALL.iter().enumerate() {
            assert!(Purpose::ALL[..place].iter().all(|other| other.word() != purpose.word()), "{purpose:?}");
        }
    }
}
