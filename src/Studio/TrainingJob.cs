using Functional.Runs;
using Functional.Sessions;

namespace Functional.Studio;

/// <summary>Training as a job, which tells how far it has come.</summary>
static class TrainingJob
{
    public const string Kind = "train";

    /// <summary>Goes on with a run.</summary>
    /// <param name="jobs">Where it is put.</param>
    /// <param name="run">The run.</param>
    /// <param name="steps">How many steps its stage has from here on; nothing for as many as before.</param>
    public static Job Resume(Jobs jobs, LibraryRun run, long? steps) => jobs.Start(Kind, run.Name, async (job, stop) =>
        Whole(await Training.ResumeAsync(run.Folder, new Told(job), stop, steps is null ? [] : [("steps", $"{steps}")]).ConfigureAwait(false)));

    /// <summary>Whether a run came to its end; false where it was stopped.</summary>
    /// <exception cref="FunctionalException">It failed.</exception>
    public static bool Whole(RunResult result) => result.Reason switch
    {
        StopReason.Completed => true,
        StopReason.Interrupted => false,
        _ => throw new FunctionalException(new Base.Fault(result.Folder, "a loss or gradient was not finite", "allowed: a smaller learning rate, from the last checkpoint")),
    };

    /// <summary>Tells a job what happens in a run.</summary>
    public sealed class Told(Job job) : IProgress<TrainingEvent>
    {
        long steps = 1;
        string stage = "";

        public void Report(TrainingEvent value)
        {
            switch (value)
            {
                case TrainingEvent.Started started:
                    (steps, stage) = (Math.Max(1, started.Config.Stage.Steps), started.Stages.Count > 1 ? $"{started.Stage}: " : "");
                    (job.Note, job.Share) = ($"{stage}begins", started.Step / (double)steps);
                    break;
                case TrainingEvent.Stepped stepped:
                    (job.Note, job.Share) = ($"{stage}{stepped}", (stepped.Metrics.Step + 1) / (double)steps);
                    break;
                case TrainingEvent.Evaluated or TrainingEvent.RolledOut:
                    job.Note = $"{stage}{value}";
                    break;
            }
        }
    }
}
