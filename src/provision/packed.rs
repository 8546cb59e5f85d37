//! User-data as EC2 takes it: compressed, which cloud-init undoes, and not above EC2's limit.

use std::io::Write;

use flate2::{Compression, GzBuilder};

/// Raw bytes, before base64 ("InvalidUserData.Malformed").
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html>
pub const MOST_USER_DATA_BYTES: usize = 16 * 1024;

/// Compresses user-data.
///
/// # Errors
/// When it cannot be compressed, which memory alone decides.
pub fn packed(user_data: &[u8]) -> std::io::Result<Vec<u8>> {
    // Without a time, the same text gives the same bytes and so the same order for EC2.
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    gzip.write_all(user_data)?;
    gzip.finish()
}
