//! `findings.parquet`: one row a finding, flat columns for data frames and SQL.

use std::io::Write;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use super::{BaselineState, Finding, time};

/// Rows held as Arrow arrays at a time.
const BATCH: usize = 8192;

/// Columns of the file. `evidence` is a JSON array as in `findings.jsonl`; `taxonomy` holds `list:id`, e.g. `cwe:CWE-841`.
pub fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let maybe = |name: &str| Field::new(name, DataType::Utf8, true);
    let list = |name: &str| Field::new(name, DataType::List(Arc::new(item())), false);
    Arc::new(Schema::new(vec![
        text("id"),
        text("fingerprint"),
        text("rule"),
        text("title"),
        text("severity"),
        Field::new("confidence", DataType::Float32, false),
        Field::new("review", DataType::Boolean, false),
        text("verdict"),
        Field::new("time", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        maybe("principal"),
        maybe("agent"),
        maybe("client"),
        maybe("tenant"),
        text("identity"),
        maybe("identity_told_in"),
        maybe("object_type"),
        maybe("object_id"),
        maybe("case"),
        text("activity"),
        maybe("constraint"),
        list("expected"),
        list("observed"),
        list("terms"),
        list("taxonomy"),
        text("evidence"),
        text("why"),
        text("fix"),
        maybe("suppressed"),
        text("group"),
        text("evidence_hash"),
        maybe("baseline"),
        maybe("returned"),
        text("class"),
        list("also"),
    ]))
}

fn item() -> Field {
    Field::new("item", DataType::Utf8, false)
}

/// Writes findings in the order given.
///
/// # Errors
/// Those of the output.
pub fn write<W: Write + Send>(findings: &[Finding], output: W) -> Result<(), ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        // The library's own name and version would change the bytes with every upgrade.
        .set_created_by("offpath".to_owned())
        .build();
    let mut writer = ArrowWriter::try_new(output, schema(), Some(properties))?;
    for rows in findings.chunks(BATCH) {
        writer.write(&batch(rows)?)?;
    }
    writer.close()?;
    Ok(())
}

/// Findings as one record batch of [`schema`].
///
/// # Errors
/// None that findings can cause; Arrow checks the shape.
pub fn batch(findings: &[Finding]) -> Result<RecordBatch, ArrowError> {
    let text =
        |of: fn(&Finding) -> &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(findings.iter().map(of))) };
    let maybe = |of: fn(&Finding) -> Option<&String>| -> ArrayRef {
        Arc::new(findings.iter().map(of).collect::<StringArray>())
    };
    let times: TimestampMicrosecondArray = findings.iter().map(|finding| time::micros(&finding.time)).collect();
    let columns: Vec<ArrayRef> = vec![
        text(|f| &f.id),
        text(|f| &f.fingerprint),
        text(|f| &f.rule),
        text(|f| &f.title),
        text(|f| &f.severity),
        Arc::new(Float32Array::from_iter_values(findings.iter().map(|f| f.confidence))),
        Arc::new(BooleanArray::from_iter(findings.iter().map(|f| Some(f.is_review())))),
        text(|f| f.verdict.as_str()),
        Arc::new(times.with_timezone("UTC")),
        maybe(|f| f.actor.principal.as_ref()),
        maybe(|f| f.actor.agent.as_ref()),
        maybe(|f| f.actor.client.as_ref()),
        maybe(|f| f.actor.tenant.as_ref()),
        text(|f| &f.actor.evidence),
        maybe(|f| f.actor.told_in.as_ref()),
        maybe(|f| f.object.as_ref().map(|o| &o.object_type)),
        maybe(|f| f.object.as_ref().map(|o| &o.id)),
        maybe(|f| f.case.as_ref()),
        text(|f| &f.activity),
        maybe(|f| f.constraint.as_ref()),
        lists(findings.iter().map(|f| f.expected.clone())),
        lists(findings.iter().map(|f| f.observed.clone())),
        lists(findings.iter().map(|f| f.terms.clone())),
        lists(findings.iter().map(taxonomy)),
        evidence(findings)?,
        text(|f| &f.why),
        text(|f| &f.fix),
        maybe(|f| f.suppressed.as_ref()),
        text(|f| &f.group),
        text(|f| &f.evidence_hash),
        Arc::new(findings.iter().map(|f| f.baseline.map(BaselineState::as_str)).collect::<StringArray>()),
        maybe(|f| f.returned.as_ref()),
        text(|f| &f.actor.class),
        lists(findings.iter().map(|f| f.also.iter().map(|also| also.rule.clone()).collect())),
    ];
    RecordBatch::try_new(schema(), columns)
}

fn lists(rows: impl Iterator<Item = Vec<String>>) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new()).with_field(item());
    for row in rows {
        builder.append_value(row.into_iter().map(Some));
    }
    Arc::new(builder.finish())
}

fn taxonomy(finding: &Finding) -> Vec<String> {
    finding.taxonomy.iter().flat_map(|(list, ids)| ids.iter().map(move |id| format!("{list}:{id}"))).collect()
}

fn evidence(findings: &[Finding]) -> Result<ArrayRef, ArrowError> {
    let json = |finding: &Finding| serde_json::to_string(&finding.evidence);
    let texts: Vec<String> = findings
        .iter()
        .map(json)
        .collect::<Result<_, _>>()
        .map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
    Ok(Arc::new(StringArray::from_iter_values(texts)))
}

#[cfg(test)]
mod tests {
    use ::parquet::arrow::arrow_reader::ParquetRecordBatchReader;
    use arrow::array::{Array, AsArray};

    use super::super::tests::sample;
    use super::*;

    fn file(findings: &[Finding]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        write(findings, file.reopen().unwrap()).unwrap();
        file
    }

    #[test]
    fn rows_read_back_as_written() {
        let findings = vec![sample("F1", "critical", 0.85, 1_700_000_000_000_001), sample("F2", "low", 0.3, 2)];
        let reader = ParquetRecordBatchReader::try_new(file(&findings).reopen().unwrap(), 100).unwrap();
        let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        assert_eq!(batches.len(), 1);
        assert_eq!(batches[0], batch(&findings).unwrap());
        let column = |name: &str| batches[0].column_by_name(name).unwrap().clone();
        assert_eq!(column("principal").as_string::<i32>().value(0), "=cmd|'/c calc'!A0");
        assert!(column("agent").is_null(0));
        assert!(column("review").as_boolean().value(1));
        assert_eq!(column("observed").as_list::<i32>().value(0).len(), 2);
        let evidence: Vec<super::super::Evidence> =
            serde_json::from_str(column("evidence").as_string::<i32>().value(0)).unwrap();
        assert_eq!(evidence, findings[0].evidence);
    }

    #[test]
    fn no_finding_is_a_file_with_columns_and_no_row() {
        let mut reader = ParquetRecordBatchReader::try_new(file(&[]).reopen().unwrap(), 100).unwrap();
        assert!(reader.next().is_none());
    }

    #[test]
    fn same_findings_same_bytes_over_batch_borders() {
        let findings: Vec<Finding> = (0..BATCH + 5).map(|i| sample(&format!("F{i}"), "high", 1.0, i as i64)).collect();
        let (one, other) = (file(&findings), file(&findings));
        assert_eq!(std::fs::read(one.path()).unwrap(), std::fs::read(other.path()).unwrap());
        let reader = ParquetRecordBatchReader::try_new(one.reopen().unwrap(), 4096).unwrap();
        assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), findings.len());
    }
}
