using System.Runtime.InteropServices;
using Functional.Base;
using Functional.Engines;
using Functional.Execution;
using Functional.Runs;

namespace Functional.Sessions;

/// <summary>A run that is about to begin or to go on, as its logs see it.</summary>
/// <param name="Engine">Where it runs.</param>
/// <param name="Session">Its folder and configuration.</param>
/// <param name="Trainer">Its model.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Clock">What time it is.</param>
sealed record LogScene(IEngine Engine, RunSession Session, Trainer Trainer, RunState State, TimeProvider Clock)
{
    /// <summary>The run's name, its folder's last.</summary>
    public string Run => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Session.Folder.Location)));

    /// <summary>What is told first.</summary>
    public LogRecord.Began Began => new(State.Step, Run, Session.Folder.Stage, LogRecord.SettingsOf(Session.Config), Facts);

    /// <summary>What is known of the model, its data and the machine, each number as a text.</summary>
    public Params<string> Facts => new (string Name, string Value)[]
    {
        ("parameters", Number(Trainer.Stage.Objective.Parts[0].Model.ParameterCount)), ("train_tokens", Number(Session.Data.TrainTokens)),
        ("validation_tokens", Number(Session.Data.ValidationTokens)), ("bytes_per_token", BytesPerToken), ("data", Session.Config.Stage.Source.Name), ("engine", Engine.Name),
        ("device", Engine.Memory?.Device ?? "cpu"), ("precision", EngineChoice.Text(Session.Config.Execution.Precision)), ("processor", ProcessorName), ("processors", Number(Environment.ProcessorCount)),
        ("system", RuntimeInformation.OSDescription.Trim()), ("runtime", RuntimeInformation.FrameworkDescription),
        ("version", typeof(LogScene).Assembly.GetName().Version?.ToString(3) ?? ""),
    }.Where(static f => f.Value.Length > 0).ToParams();

    // Of the first of them: it is to say what a loss in nats a token is worth, beside that of another tokenizer.
    string BytesPerToken
    {
        get
        {
            const int Most = 1 << 18;
            if (Session.Data is not TextData { Validation: var text } || text.Length == 0) return "";
            var ids = new int[(int)Math.Min(Most, text.Length)];
            text.CopyTo(0, ids);
            return (ids.Sum(id => (double)Session.Data.Tokenizer.Bytes(id).Length) / ids.Length).ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    static string Number(long value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    // What Linux calls it; elsewhere what it can do.
    static string ProcessorName
    {
        get
        {
            const string File = "/proc/cpuinfo";
            try
            {
                var line = System.IO.File.Exists(File) ? System.IO.File.ReadLines(File).FirstOrDefault(static l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
                return line?.Split(':', 2) is [_, var name] ? name.Trim() : Processor.Name;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return Processor.Name;
            }
        }
    }
}
