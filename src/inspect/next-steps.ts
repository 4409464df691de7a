import type { Inspection } from "./report.types.ts";

/**
 * Says what someone who looks at a report can do next.
 *
 * @param report The report.
 * @returns Sentences; never empty.
 */
export function nextSteps(report: Inspection): readonly string[] {
  const { status, defective, diagnostics, runtime } = report;
  const missing = missingGrants(report);
  const isBound = !diagnostics.some(({ code }) => code === "grant/binding");
  const steps = [
    defective
      ? "Do not enable it. Its author must mend the problems above; no grant can."
      : undefined,
    isBound
      ? undefined
      : "The grants are for another package, version or digest: look at what changed, then grant again.",
    missing.length > 0 && isBound && !defective
      ? `To use all of it, grant: ${missing.join(", ")}.`
      : undefined,
    status === "disabled" && !defective
      ? "Nothing is granted yet. A grant names the package's ref, version and digest, and the permissions and targets that you allow."
      : undefined,
    runtime?.eligible === false && status === "partial"
      ? "Until the host APIs that the artifact imports are granted, its tools can't run."
      : undefined,
  ].filter((step) => step !== undefined);
  return steps.length === 0 ? ["Everything that it asks for is granted."] : steps;
}

function missingGrants(report: Inspection): readonly string[] {
  const rows = [
    ...report.surfaces.filter(({ enabled }) => enabled),
    ...report.tools,
    ...report.services,
    ...report.ingresses,
    ...report.hostApis,
    ...report.targets,
  ];
  return [
    ...new Set(
      rows
        .filter(({ requested, granted, eligible }) => requested && !granted && !eligible)
        .flatMap((row) =>
          "externalWrite" in row && row.externalWrite
            ? [row.permission, "external_write"]
            : [row.permission],
        ),
    ),
  ];
}
