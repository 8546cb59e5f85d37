//! What commands are sent to a builder for. Every command names its purpose, so that tests can go through all of
//! them: there is no other way to a builder.

/// Makes the purposes and the list of them in one place, so that none is missing in the list.
macro_rules! purposes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
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
        }
    };
}

purposes! {
    /// The first question over a line: what the account can do.
    Login = "login",
    /// Whether the line is still there.
    Probe = "probe",
    /// Waits until everything that starts at boot has been started.
    Boot = "boot",
    /// A script that outlives its line: a step, the checks, the end of cloud-init, groups and disks.
    Job = "job",
    /// Ends a job whose time is over.
    EndJob = "end-job",
    /// Ends all jobs of a run.
    EndJobs = "end-jobs",
    /// Ends the process group of a command whose time is over.
    EndGroup = "end-group",
    /// Asks for the accounts that own uploaded files.
    Accounts = "accounts",
    /// Puts uploaded files in their places.
    Upload = "upload",
    /// Brings pieces of an upload beside the first line.
    UploadBeside = "upload-beside",
    /// Fetches a file.
    Download = "download",
    /// Restarts the builder.
    Restart = "restart",
    /// Tells one boot from another.
    BootId = "boot-id",
    /// Puts off the time when the builder ends itself.
    TimeToLive = "time-to-live",
    /// The last look at the builder: inventory, seal, search for secrets.
    Seal = "seal",
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
