//! Small FAT volumes, made in memory: the seed that cloud-init reads, the partition that UEFI
//! starts from. Made here because no program for it is on every computer.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use fatfs::{FileSystem, FormatVolumeOptions, FsOptions, format_volume};

/// A volume of `bytes` with this label and these files, folders made as needed.
pub fn volume(bytes: u64, label: &str, files: &[(&str, &[u8])]) -> io::Result<Vec<u8>> {
    let mut volume = Cursor::new(vec![0; bytes as usize]);
    let mut padded = [b' '; 11];
    for (to, from) in padded.iter_mut().zip(label.bytes()) {
        *to = from;
    }
    format_volume(&mut volume, FormatVolumeOptions::new().volume_label(padded))?;
    volume.seek(SeekFrom::Start(0))?;
    write_files(&mut volume, files)?;
    Ok(volume.into_inner())
}

fn write_files(volume: impl Read + Write + Seek, files: &[(&str, &[u8])]) -> io::Result<()> {
    let filesystem = FileSystem::new(volume, FsOptions::new())?;
    for (path, content) in files {
        let mut folder = filesystem.root_dir();
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        for parent in parents.split('/').filter(|part| !part.is_empty()) {
            folder = folder.create_dir(parent)?;
        }
        let mut file = folder.create_file(name)?;
        file.write_all(content)?;
        file.flush()?;
    }
    filesystem.unmount()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_as_they_went_in() {
        let files: [(&str, &[u8]); 2] = [("user-data", b"#cloud-config\n"), ("a/b/c.bin", &[7; 9000])];
        let bytes = volume(2 << 20, "CIDATA", &files).expect("a volume");
        let filesystem = FileSystem::new(Cursor::new(bytes), FsOptions::new()).expect("readable");
        assert_eq!(filesystem.volume_label(), "CIDATA");
        for (path, content) in files {
            let mut read = Vec::new();
            let mut file = filesystem.root_dir().open_file(path).expect("the file is there");
            file.read_to_end(&mut read).expect("it can be read");
            assert_eq!(read, content, "{path}");
        }
    }
}
