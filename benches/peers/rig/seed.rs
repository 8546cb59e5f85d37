//! A volume for cloud-init (NoCloud): a user with a key, as Packer needs one. Packer 1.6.6 makes none itself.

use std::{
    fs::File,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use fatfs::{FileSystem, FormatVolumeOptions, FsOptions, format_volume};

/// FAT12 holds two small files in this.
const SIZE: usize = 512 * 1024;

/// For `user` with this public key and `sudo`, in `folder`.
pub fn volume(folder: &Path, user: &str, public_key: &str) -> Result<PathBuf> {
    let user_data = format!(
        "#cloud-config\nusers:\n  - name: {user}\n    sudo: ALL=(ALL) NOPASSWD:ALL\n    shell: /bin/bash\n    \
         ssh_authorized_keys:\n      - {}\n",
        public_key.trim()
    );
    let mut image = Cursor::new(vec![0; SIZE]);
    format_volume(&mut image, FormatVolumeOptions::new().volume_label(*b"CIDATA     "))?;
    {
        let system = FileSystem::new(&mut image, FsOptions::new())?;
        for (name, text) in [("meta-data", "instance-id: i-peer\n"), ("user-data", user_data.as_str())] {
            system.root_dir().create_file(name)?.write_all(text.as_bytes())?;
        }
    }
    let path = folder.join("seed.img");
    let written = File::create(&path).and_then(|mut file| file.write_all(image.get_ref()));
    written.with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}
