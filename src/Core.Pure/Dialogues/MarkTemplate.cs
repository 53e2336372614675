using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>What stands around a message.</summary>
/// <param name="Before">Before its text.</param>
/// <param name="After">Behind it.</param>
public sealed record Marks(string Before = "", string After = "");

/// <summary>A template of marks around messages. Users write their own in YAML or JSON (<see cref="WrittenTemplate"/>).</summary>
/// <param name="Name">What it is called.</param>
/// <param name="System">Around what the system says.</param>
/// <param name="User">Around what the user says.</param>
/// <param name="Assistant">Around what the assistant says; what stands behind it ends it, and is learned.</param>
public sealed record MarkTemplate(string Name, Marks System, Marks User, Marks Assistant) : DialogueTemplate(Name)
{
    /// <summary>What every text begins with. Where that is no special token, what the tokenizer puts before texts comes before it.</summary>
    public string Begin { get; init; } = "";

    /// <summary>What stands between messages.</summary>
    public string Between { get; init; } = "";

    /// <summary>What the system says where a conversation does not tell.</summary>
    public string Preamble { get; init; } = "";

    /// <summary>As <see cref="Preamble"/>, where the user's first message has an input; null for the same.</summary>
    public string? PreambleWithInput { get; init; }

    /// <summary>Around what an instruction is about; null where that is part of the instruction's text, after an empty line.</summary>
    public Marks? Input { get; init; }

    /// <summary>Whether white space around messages is taken off.</summary>
    public bool Trims { get; init; }

    /// <summary>Whether it puts nothing around messages, so that an answer only goes on with a text.</summary>
    public bool IsText => (User, Assistant, Begin, Between, Preamble) == (new Marks(), new Marks(), "", "", "");

    /// <inheritdoc/>
    public override string End => Assistant.After;

    /// <summary>What the user's next message would begin with: a model that goes on to write it has ended its answer.</summary>
    public override string Fallback => (Between + User.Before).TrimEnd();

    internal static Vec<MarkTemplate> All =>
    [
        // As the repository of Stanford Alpaca has it (Taori et al. 2023): the answer follows the colon at once.
        new("alpaca", new(), new("### Instruction:\n"), new("### Response:"))
        {
            Between = "\n\n",
            Input = new("### Input:\n"),
            Preamble = "Below is an instruction that describes a task. Write a response that appropriately completes the request.",
            PreambleWithInput = "Below is an instruction that describes a task, paired with an input that provides further context. "
                + "Write a response that appropriately completes the request.",
        },
        new("user-assistant", new("System: "), new("User: "), new("Assistant: ")) { Between = "\n" },
        // The form of Anthropic's HH data (Bai et al. 2022), which begins with an empty line.
        new("human-assistant", new(), new("Human: "), new("Assistant: ")) { Begin = "\n\n", Between = "\n\n" },
        new("chatml", new("<|im_start|>system\n", "<|im_end|>"), new("<|im_start|>user\n", "<|im_end|>"), new("<|im_start|>assistant\n", "<|im_end|>"))
        {
            Between = "\n",
        },
        new("llama3", Header("system"), Header("user"), Header("assistant")) { Begin = "<|begin_of_text|>", Trims = true },
        new("plain", new(), new(), new()),
    ];

    static Marks Header(string role) => new($"<|start_header_id|>{role}<|end_header_id|>\n\n", "<|eot_id|>");

    /// <inheritdoc/>
    public override Validation<Fault, Vec<Segment>> Segments(Vec<Message> messages, bool prompt, bool hasEnd, string where)
    {
        var segments = new List<Segment>();
        var context = new global::System.Text.StringBuilder(Begin);
        var preamble = messages is [{ Role: Role.System }, ..] ? ""
            : messages.FirstOrDefault(static m => m.Role == Role.User) is { Input.Length: > 0 } ? PreambleWithInput ?? Preamble : Preamble;
        if (preamble.Length > 0) context.Append(System.Before).Append(preamble).Append(System.After);
        var (first, ended) = (preamble.Length == 0, "");
        foreach (var message in messages)
        {
            Lead(message.Role);
            if (message.Role == Role.Assistant)
            {
                Flush();
                ended = End.Length == 0 && !hasEnd ? Fallback : "";
                segments.Add(new(Of(message.Whole) + End + ended, message.Learns, End.Length == 0 && hasEnd));
                continue;
            }
            context.Append(Of(Input is null ? message.Whole : message.Text));
            if (Input is { } input && message.Input.Length > 0) context.Append(Between).Append(input.Before).Append(Of(message.Input)).Append(input.After);
            context.Append(this[message.Role].After);
        }
        if (prompt) Lead(Role.Assistant);
        Flush();
        return Success<Fault, Vec<Segment>>([.. segments]);

        // What ended the answer before may be what the next message begins with.
        void Lead(Role role)
        {
            var lead = (first ? "" : Between) + this[role].Before;
            context.Append(ended.Length > 0 && lead.StartsWith(ended, StringComparison.Ordinal) ? lead[ended.Length..] : lead);
            (first, ended) = (false, "");
        }

        void Flush()
        {
            if (context.Length > 0) segments.Add(new(context.ToString(), false));
            context.Clear();
        }
    }

    Marks this[Role role] => role switch { Role.System => System, Role.User => User, _ => Assistant };

    string Of(string text) => Trims ? text.Trim() : text;
}
