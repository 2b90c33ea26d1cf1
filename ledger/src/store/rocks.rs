//! The store on disk: a directory with a lock file, a RocksDB database and the mark.
//!
//! ```text
//! lock           held as long as the ledger is open; its content means nothing
//! acknowledged   the mark: how many entries were acknowledged, and the root of their tree
//! store/         the RocksDB database, a column family for each table
//! torn.log       the log of a batch that a power cut tore, as it was found; for whoever wants to know
//! ```
//!
//! RocksDB checksums what it stores, and a file of its write-ahead log may only be cut short at its very end, where a batch that was being
//! written may stand; damage anywhere else is an error when the database is opened, not a silent loss of what follows. What a log lost that was
//! cut short elsewhere the mark shows.
//!
//! Once a run was written past the log ([`Writes::write_run`]), closing the database moves everything that is in memory into table files.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rocksdb::{
    BlockBasedOptions, BottommostLevelCompaction, Cache, ColumnFamily, ColumnFamilyDescriptor, CompactOptions, DB,
    DBCompactionStyle, DBRecoveryMode, DEFAULT_COLUMN_FAMILY_NAME, Direction, ErrorKind, IteratorMode, LogLevel,
    Options, UniversalCompactOptions, WriteBatch, WriteOptions,
};

use super::{Batch, META_FORMAT, Reads, Row, RunRow, Table, Writes, framing, other_format};
use crate::errors::LedgerError;

const LOCK: &str = "lock";
const MARK: &str = "acknowledged";
const STORE: &str = "store";
const TORN: &str = "torn.log";

/// Bytes in memory that are not yet in a table file, over all tables.
const MEMTABLES_BYTES: usize = 160 << 20;
/// The same, of one table whose rows follow each other: entries, bodies.
const MEMTABLE_BYTES: usize = 16 << 20;
/// Bytes of write-ahead log before tables are flushed; bounds the time that replaying it takes.
const LOG_BYTES: u64 = 72 << 20;
/// Bytes of table files that are kept in memory, over all tables.
const CACHE_BYTES: usize = 64 << 20;
const BLOCK_BYTES: usize = 16 << 10;
/// Bytes of a table file that are written before the system is asked to begin with them, so that the write-ahead log, which is synced
/// for each group, does not wait for all of them at once.
const SYNC_BYTES: u64 = 1 << 20;
/// Sorted runs of a table whose keys fall anywhere at which they are merged.
const RUNS_MERGED: i32 = 8;
/// Rows of a run that are put into memory at once.
const RUN_ROWS_TOGETHER: usize = 2048;
const FILES_OPEN_MAX: i32 = 512;
const FILTER_BITS: f64 = 10.0;
/// The share of a table's part in memory that its filter takes.
const MEMTABLE_FILTER_SHARE: f64 = 0.05;

/// The database, the mark, and the lock that keeps other processes out.
pub(crate) struct Rocks {
    db: DB,
    /// The open file, once there is a mark.
    mark: Mutex<Option<File>>,
    directory: std::path::PathBuf,
    /// Held while a run is written and while a value is purged: a table that is being flushed keeps the write-ahead log that the value lies in.
    flushing: Mutex<()>,
    // The last field: it is dropped once the database is closed.
    _lock: Lock,
}

/// The lock on the directory. It is given back in so many words: closing the file gives it back only once the copy of it is closed too
/// that a process has which is being started at that moment.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Should this fail, closing the file does the same, a little later.
        let _ = self.0.unlock();
    }
}

impl Rocks {
    /// Opens the store in this directory. Where `create` says so, it is made when there is none, or only one that was never finished:
    /// one without a mark.
    pub(crate) fn open(directory: &Path, create: bool) -> Result<Self, LedgerError> {
        if !create && !directory.join(MARK).exists() && !directory.join(STORE).join("CURRENT").exists() {
            return Err(LedgerError::Missing {
                directory: directory.to_owned(),
            });
        }
        let io = |doing: &str| {
            let doing = format!("{doing} {}", directory.display());
            move |error: std::io::Error| LedgerError::io(doing, error)
        };
        fs::create_dir_all(directory).map_err(io("creating"))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let lock = options
            .clone()
            .create(true)
            .truncate(false)
            .open(directory.join(LOCK))
            .map_err(io("locking"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LedgerError::Locked {
                    directory: directory.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(io("locking")(error)),
        }
        let mark = match options.open(directory.join(MARK)) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(io("opening the mark in")(error)),
        };
        framing::look(&directory.join(STORE))?;
        let cache = Cache::new_lru_cache(CACHE_BYTES);
        let open = |recovery| {
            let tables =
                Table::ALL.map(|(table, name)| ColumnFamilyDescriptor::new(name, table_options(table, &cache)));
            let options = database_options(create && mark.is_none(), recovery);
            DB::open_cf_descriptors(&options, directory.join(STORE), tables)
        };
        let mut opened = open(DBRecoveryMode::TolerateCorruptedTailRecords);
        if opened
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::Corruption)
        {
            let torn = framing::torn_at_the_end(&directory.join(STORE)).map_err(io("looking at"))?;
            if let Some(log) = torn {
                // Opening the database removes it. Should it have been acknowledged after all, the mark says so.
                fs::copy(log, directory.join(TORN)).map_err(io("copying a log of"))?;
                opened = open(DBRecoveryMode::PointInTime);
            }
        }
        let db = opened.map_err(|error| other_tables(directory).unwrap_or_else(|| opening(directory, &error)))?;
        Ok(Self {
            db,
            mark: Mutex::new(mark),
            directory: directory.to_owned(),
            flushing: Mutex::default(),
            _lock: Lock(lock),
        })
    }

    fn table(&self, table: Table) -> Result<&ColumnFamily, LedgerError> {
        let name = table.name();
        self.db
            .cf_handle(name)
            .ok_or_else(|| LedgerError::damaged(format!("table {name}"), "it is missing"))
    }

    fn mark_file(&self) -> std::sync::MutexGuard<'_, Option<File>> {
        self.mark.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first mark is made whole and durable under another name, then given its name.
    fn create_mark(&self, mark: &[u8]) -> std::io::Result<File> {
        let (draft, path) = (self.directory.join("acknowledged.new"), self.directory.join(MARK));
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&draft)?;
        file.write_all(mark)?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        // Makes the new names durable, the directory's own as well; not every system can open a directory.
        for directory in self.directory.ancestors().take(2) {
            if let Ok(directory) = File::open(directory) {
                directory.sync_all()?;
            }
        }
        Ok(file)
    }
}

fn database_options(create: bool, recovery: DBRecoveryMode) -> Options {
    let mut options = Options::default();
    options.create_if_missing(create);
    options.create_missing_column_families(create);
    options.set_paranoid_checks(true);
    options.set_wal_recovery_mode(recovery);
    options.set_db_write_buffer_size(MEMTABLES_BYTES);
    options.set_max_total_wal_size(LOG_BYTES);
    options.set_max_open_files(FILES_OPEN_MAX);
    options.set_bytes_per_sync(SYNC_BYTES);
    options.set_keep_log_file_num(2);
    options.set_log_level(LogLevel::Warn);
    options
}

/// Tables whose new rows fall anywhere: keys are hashes or names, or, for nodes, begin with the level.
fn scattered(table: Table) -> bool {
    match table {
        Table::Unique | Table::StreamHeads | Table::Cells | Table::Lookups | Table::Nodes => true,
        Table::Entries | Table::Bodies | Table::Blobs | Table::Brought | Table::Checkpoints | Table::Meta => false,
    }
}

fn table_options(table: Table, cache: &Cache) -> Options {
    let mut options = Options::default();
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    if scattered(table) {
        // Merged when several runs of a size have gathered, not into the next level each time: hashes fall everywhere, so that a level
        // is rewritten whole for each run that it takes in.
        options.set_compaction_style(DBCompactionStyle::Universal);
        options.set_level_zero_file_num_compaction_trigger(RUNS_MERGED);
        options.set_level_zero_slowdown_writes_trigger(4 * RUNS_MERGED);
        options.set_level_zero_stop_writes_trigger(6 * RUNS_MERGED);
        if matches!(table, Table::Unique | Table::Lookups | Table::Nodes) {
            // Rows are hardly ever replaced, so merging all of them reclaims nothing.
            let mut merging = UniversalCompactOptions::default();
            merging.set_max_size_amplification_percent(i32::MAX);
            options.set_universal_compaction_options(&merging);
        }
        // Mostly looked up to find that they are not there, on disk or in memory.
        blocks.set_bloom_filter(FILTER_BITS, false);
        if table != Table::Lookups {
            // Those are in memory only while a run of them is written.
            options.set_memtable_prefix_bloom_ratio(MEMTABLE_FILTER_SHARE);
            options.set_memtable_whole_key_filtering(true);
        }
    } else {
        // Rows follow each other: files are moved down as they are, and larger blocks need a smaller index, which lies in memory.
        blocks.set_block_size(BLOCK_BYTES);
        options.set_write_buffer_size(MEMTABLE_BYTES);
    }
    options.set_block_based_table_factory(&blocks);
    options
}

/// What is wrong with a database that has other tables than ours: it is of an earlier format, and says so itself.
fn other_tables(directory: &Path) -> Option<LedgerError> {
    let store = directory.join(STORE);
    let options = Options::default();
    let ours = |name: &String| name == DEFAULT_COLUMN_FAMILY_NAME || Table::ALL.iter().any(|(_, our)| our == name);
    if DB::list_cf(&options, &store).ok()?.iter().all(ours) {
        return None;
    }
    let meta = Table::Meta.name();
    let db = DB::open_cf_for_read_only(&options, &store, [meta], false).ok()?;
    let found = db.get_cf(db.cf_handle(meta)?, META_FORMAT).ok()?;
    other_format(found).err()
}

/// Why the database could not be opened: its own lock, damage, or the system.
fn opening(directory: &Path, error: &rocksdb::Error) -> LedgerError {
    let words = error.to_string();
    match error.kind() {
        ErrorKind::IOError if words.contains("lock") => LedgerError::Locked {
            directory: directory.to_owned(),
        },
        ErrorKind::IOError if !words.contains("No such file") => {
            LedgerError::io(format!("opening {}", directory.display()), words)
        }
        _ => LedgerError::damaged("the database", words),
    }
}

/// Why the database could not be read or written.
fn failed(doing: &str, table: &str, error: &rocksdb::Error) -> LedgerError {
    match error.kind() {
        ErrorKind::Corruption => LedgerError::damaged(format!("table {table}"), error.to_string()),
        _ => LedgerError::io(format!("{doing} table {table}"), error),
    }
}

impl Reads for Rocks {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, LedgerError> {
        self.db
            .get_cf(self.table(table)?, key)
            .map_err(|error| failed("reading", table.name(), &error))
    }

    fn after(&self, table: Table, key: Option<&[u8]>) -> Result<Option<Row>, LedgerError> {
        let mode = key.map_or(IteratorMode::Start, |key| IteratorMode::From(key, Direction::Forward));
        for row in self.db.iterator_cf(self.table(table)?, mode) {
            let (found, value) = row.map_err(|error| failed("reading", table.name(), &error))?;
            if key != Some(&*found) {
                return Ok(Some((found.into_vec(), value.into_vec())));
            }
        }
        Ok(None)
    }

    fn visit(
        &self,
        table: Table,
        from: &[u8],
        count: usize,
        visitor: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), LedgerError> {
        let mut rows = self.db.raw_iterator_cf(self.table(table)?);
        rows.seek(from);
        for _ in 0..count {
            let Some((key, value)) = rows.item() else { break };
            visitor(key, value);
            rows.next();
        }
        // An iterator ends at the table's end, and at what it cannot read.
        rows.status().map_err(|error| failed("reading", table.name(), &error))
    }
}

impl Writes for Rocks {
    fn commit(&self, mut batch: Batch) -> Result<(), LedgerError> {
        let mut writes = WriteBatch::with_capacity_bytes(batch.bytes() + batch.bytes() / 8);
        for (table, changes) in batch.sorted() {
            let family = self.table(table)?;
            for (key, value) in changes {
                match value {
                    Some(value) => writes.put_cf(family, key, value),
                    None => writes.delete_cf(family, key),
                }
            }
        }
        let mut options = WriteOptions::default();
        options.set_sync(true);
        self.db
            .write_opt(writes, &options)
            .map_err(|error| LedgerError::io("writing a batch", error))
    }

    /// The rows go past the write-ahead log into memory, some at a time, so that a commit does not wait for all of them, and from there into one
    /// file. Should they come into several, because the database runs short of memory meanwhile, the last row is in the last one.
    fn write_run<'a>(
        &self,
        table: Table,
        rows: &mut dyn Iterator<Item = RunRow<'a>>,
        last: RunRow<'a>,
    ) -> Result<(), LedgerError> {
        let failed = |error: rocksdb::Error| LedgerError::io(format!("writing a run of table {}", table.name()), error);
        let family = self.table(table)?;
        let _alone = self.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut options = WriteOptions::default();
        options.disable_wal(true);
        let mut writes = WriteBatch::default();
        for (key, value) in rows.chain([last]) {
            writes.put_cf(family, key, value);
            if writes.len() == RUN_ROWS_TOGETHER {
                self.db
                    .write_opt(std::mem::take(&mut writes), &options)
                    .map_err(failed)?;
            }
        }
        self.db.write_opt(writes, &options).map_err(failed)?;
        self.db.flush_cf(family).map_err(failed)
    }

    fn purge(&self, table: Table, key: &[u8]) -> Result<(), LedgerError> {
        let doing = |error: rocksdb::Error| failed("purging", table.name(), &error);
        let _alone = self.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        // Once every table is flushed, the write-ahead log that held the value is removed.
        for (each, _) in Table::ALL {
            self.db.flush_cf(self.table(each)?).map_err(doing)?;
        }
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        self.db
            .compact_range_cf_opt(self.table(table)?, Some(key), Some(key), &options);
        Ok(())
    }

    fn mark(&self) -> Result<Option<Vec<u8>>, LedgerError> {
        let mut guard = self.mark_file();
        let Some(file) = guard.as_mut() else { return Ok(None) };
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(|error| LedgerError::io("reading the mark", error))?;
        Ok(Some(bytes))
    }

    fn set_mark(&self, mark: &[u8]) -> Result<(), LedgerError> {
        let mut guard = self.mark_file();
        let written = match guard.as_mut() {
            Some(file) => file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(mark)),
            None => self.create_mark(mark).map(|file| *guard = Some(file)),
        };
        written.map_err(|error| LedgerError::io("writing the mark", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_store_is_free_whoever_has_a_copy_of_its_lock() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Rocks::open(directory.path(), true);
        let first = open().unwrap();
        assert!(matches!(open(), Err(LedgerError::Locked { .. })));
        // As a process has it between its start and the program that it becomes.
        let _copy = first._lock.0.try_clone().unwrap();
        drop(first);
        assert!(open().is_ok());
    }

    /// The store of an earlier program has a table that there is no more.
    #[test]
    fn a_store_of_an_earlier_format_is_refused_as_such() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join(STORE);
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        let db = DB::open_cf(&options, &store, ["meta", "stream-entries"]).unwrap();
        let said = |format: &str| {
            let db = DB::open_cf(&Options::default(), &store, ["meta", "stream-entries"]).unwrap();
            db.put_cf(db.cf_handle("meta").unwrap(), META_FORMAT, format).unwrap();
            drop(db);
            Rocks::open(directory.path(), false).map(drop).expect_err("refused")
        };
        drop(db);
        let expected = LedgerError::OtherFormat {
            found: "covenant-ledger/v3".to_owned(),
            expected: "covenant-ledger/v4".to_owned(),
        };
        assert_eq!(said("covenant-ledger/v3"), expected);
        assert_eq!(said("something else").code(), "ledger-damaged");
    }

    /// What a killed process leaves: a copy of the files while the database is open. Nothing where they changed under the copying.
    fn as_killed(directory: &Path) -> Option<(tempfile::TempDir, Rocks)> {
        let copy = tempfile::tempdir().unwrap();
        let mut cp = std::process::Command::new("cp");
        let done = cp.arg("-r").arg(directory.join(".")).arg(copy.path());
        let done = done.stderr(std::process::Stdio::null()).status().unwrap();
        let rocks = Rocks::open(copy.path(), false).ok().filter(|_| done.success())?;
        Some((copy, rocks))
    }

    /// The row that is written last never stands there without the others, wherever the database ends and whatever is flushed in between.
    #[test]
    fn the_last_row_of_a_run_is_never_without_the_others() {
        let directory = tempfile::tempdir().unwrap();
        let rocks = Rocks::open(directory.path(), true).unwrap();
        rocks.set_mark(&[1]).unwrap();
        let keys: Vec<[u8; 8]> = (0..60_000u64).map(u64::to_be_bytes).collect();
        let (mut whole, mut cut) = (0, 0);
        for run in 0..6u8 {
            std::thread::scope(|scope| {
                let (rocks, keys) = (&rocks, &keys);
                let written = scope.spawn(move || {
                    let mut rows = keys.iter().map(|key| (key.as_slice(), vec![run]));
                    rocks.write_run(Table::Lookups, &mut rows, (&[0], vec![run])).unwrap();
                });
                loop {
                    let ended = written.is_finished();
                    rocks.db.flush_cf(rocks.table(Table::Lookups).unwrap()).unwrap();
                    if let Some((_copy, copied)) = as_killed(directory.path()) {
                        let said = copied.get(Table::Lookups, &[0]).unwrap();
                        let of_run = |key: &[u8; 8]| copied.get(Table::Lookups, key).unwrap() == Some(vec![run]);
                        if said == Some(vec![run]) {
                            let all = keys.iter().step_by(997).all(of_run) && keys.last().is_some_and(of_run);
                            assert!(all, "run {run} says that it is whole");
                            whole += 1;
                        } else {
                            cut += 1;
                        }
                    }
                    if ended {
                        break;
                    }
                }
            });
        }
        println!("{whole} whole, {cut} cut short");
        assert!(whole >= 6, "{whole} whole, {cut} cut short");
    }

    /// A run is there once it is written, though no log holds it, and a commit beside it is as durable as any.
    #[test]
    fn a_run_is_there_after_the_database_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let rocks = Rocks::open(directory.path(), true).unwrap();
        let keys: Vec<[u8; 8]> = (0..5000u64).map(u64::to_be_bytes).collect();
        let mut rows = keys.iter().map(|key| (key.as_slice(), key.to_vec()));
        rocks.write_run(Table::Lookups, &mut rows, (b"last", vec![1])).unwrap();
        let mut batch = Batch::default();
        batch.put(Table::Meta, b"beside", [2]);
        rocks.commit(batch).unwrap();
        rocks.set_mark(&[1]).unwrap();
        let (_copy, copied) = as_killed(directory.path()).unwrap();
        drop(rocks);
        let rocks = copied;
        for key in &keys {
            assert_eq!(rocks.get(Table::Lookups, key), Ok(Some(key.to_vec())));
        }
        assert_eq!(rocks.get(Table::Lookups, b"last"), Ok(Some(vec![1])));
        assert_eq!(rocks.get(Table::Meta, b"beside"), Ok(Some(vec![2])));
    }
}
