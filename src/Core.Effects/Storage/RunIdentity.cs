using Functional.Base;
using Functional.Graphs;
using Functional.Settings;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>What a text and its tokens are, summed up.</summary>
/// <param name="Tokenizer">The tokenizer's fingerprint.</param>
/// <param name="Tokens">How many tokens the text has.</param>
/// <param name="Crc">A checksum of the text's tokens.</param>
public sealed record TextIdentity(string Tokenizer, long Tokens, string Crc)
{
    /// <summary>No text at all: that of a model which has learned elsewhere.</summary>
    /// <param name="tokenizer">The tokenizer's fingerprint.</param>
    public static TextIdentity None(string tokenizer) => new(tokenizer, 0, CheckpointManifest.Hex(0));

    /// <summary>Whether there is no text.</summary>
    public bool IsNone => Tokens == 0;
}

/// <summary>
/// What a checkpoint belongs to: its text, and every setting that decides the architecture, the data and its split, or the meaning of what is
/// saved. Tensors would show few of them: heads, epsilon and the validation part have no shape.
/// </summary>
/// <param name="Text">The text.</param>
/// <param name="Settings">The fixed settings of the run by name, as files write them; empty where a setting is not given.</param>
public sealed record RunIdentity(TextIdentity Text, Params<string> Settings)
{
    /// <summary>The identity of a run.</summary>
    /// <param name="text">Its text.</param>
    /// <param name="config">Its configuration, resolved.</param>
    public static RunIdentity Of(TextIdentity text, RunConfig config) => new(text, Fixed.Select(f => (f.Name, Written(f, config))).ToParams());

    /// <summary>The configuration, where it is what the checkpoint was written with; else a fault for each setting that has drifted.</summary>
    /// <param name="config">What is claimed to be the checkpoint's configuration.</param>
    /// <param name="file">What faults call the place where it stands.</param>
    public Validation<Fault, RunConfig> Check(RunConfig config, string file) => Fixed
        .Select(f => Fault.Unless(Recorded(f) == Written(f, config), $"{file}: {f.Name}",
            $"is {f.Show(config)}, but the checkpoint was written with {Shown(f)}", $"allowed: {Shown(f)}"))
        .Gather().Map(_ => config);

    static IEnumerable<Field<RunConfig>> Fixed => RunConfig.Fields.Where(static f => f.Fixed);

    static string Written(Field<RunConfig> field, RunConfig config) => field.Kept(config) ?? "";

    // A setting that is younger than the checkpoint had its default then.
    string Recorded(Field<RunConfig> field) => Settings.Contains(field.Name) ? Settings[field.Name] : Written(field, new());

    string Shown(Field<RunConfig> field) => Recorded(field) is { Length: > 0 } text ? text : "none";
}
