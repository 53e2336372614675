using Functional.Base;
using Functional.Engines;
using Functional.Families;
using Functional.Files;
using Functional.Subwords;
using Functional.Text;
using Functional.Weights;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>Models as Hugging Face's transformers reads them.</summary>
static class Export
{
    const string EndOfText = "<|endoftext|>";

    /// <summary>The tokens that begin, end and fill up a run's texts: those of the published model, or the end of a text where its tokenizer has one.</summary>
    public static TokenMarks MarksOf(RunFolder run) => run.Note.Map(static note => note.Tokens).IfNone(() =>
        run.Tokenizer is SubwordTokenizer words && words.Added.FirstOrDefault(static t => t is { Special: true, Content: EndOfText }) is { } end
            ? TokenMarks.None with { End = [end.Id] } : TokenMarks.None);

    /// <summary>
    /// Writes <c>config.json</c>, the weights, <c>tokenizer.json</c> and <c>tokenizer_config.json</c> where the run has a tokenizer, and
    /// <c>generation_config.json</c>.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="location">Where; there must be nothing there.</param>
    /// <param name="family">The family's name; nothing for the one that it came from, or else the first that has words for it.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="shardBytes">How large a file of weights may become, 1 or more.</param>
    /// <param name="disk">The disk.</param>
    /// <returns>The family's name.</returns>
    public static Validation<Fault, string> Write(RunFolder run, Params<IBuffer> parameters, string location, string? family, string dtype, long shardBytes, Disk disk) =>
        from known in Fault.Unless(dtype is "F32" or "F16" or "BF16", "dtype", $"is {dtype}", "allowed: F32, F16, BF16")
        from size in Fault.Unless(shardBytes >= 1, "shard-bytes", $"is {shardBytes}", "allowed: 1 or more")
        from chosen in FamilyOf(run, family)
        from written in FolderAtOnce.Make(location, disk, folder =>
            from weights in PublishedWeights.Write(folder, chosen, run.Config.Decoder, MarksOf(run), dtype, (name, memory) =>
            {
                parameters[name].Read(memory[..checked((int)parameters[name].Type.Size)]);
                return Success<Fault, Unit>(unit);
            }, shardBytes)
            from words in Tokenizer(folder, run, disk)
            from others in Others(folder, run, disk)
            select others)
        select chosen.Name;

    /// <summary>The family that is named, or that a run came from, or else the first that has words for it.</summary>
    public static Validation<Fault, Family> FamilyOf(RunFolder run, string? named)
    {
        var (config, marks) = (run.Config.Decoder, MarksOf(run));
        if ((named ?? run.Note.Map(static n => n.Family).IfNoneUnsafe((string?)null)) is { } name)
            return Published.Find(name).Match(family => Words(family).Map(_ => family), () => Fault.Of<Family>("family", $"is {name}",
                $"allowed: {string.Join(", ", Published.Families.Select(static f => f.Name))}"));
        var all = Published.Families.Select(family => (Family: family, Words: Words(family))).ToList();
        if (all.Find(static f => f.Words.IsSuccess) is { Family: { } first }) return Success<Fault, Family>(first);
        // Of those that lack the fewest words, what each lacks; one whose file would say nothing sound is not near.
        var lacking = all.Select(static f => (f.Family, Faults: f.Words.FailToSeq()))
            .Where(static f => !f.Faults.Exists(static fault => fault.Where.StartsWith("config.json", StringComparison.Ordinal))).ToList();
        if (lacking.Count == 0) return all[0].Words.Map(_ => all[0].Family);
        var fewest = lacking.Min(static f => f.Faults.Count);
        return Validation<Fault, Family>.Fail(lacking.Where(f => f.Faults.Count == fewest)
            .SelectMany(static f => f.Faults.Select(fault => fault with { Where = $"{f.Family.Name}: {fault.Where}" }))
            .Append(new Fault("family", "none has words for this model, whatever is to be written of it",
                run.Config.Stage.Adapter.Rank > 0 ? "allowed: a run of its own that functional merge makes of the adapters, where its model has what one of them has, as said"
                    : "allowed: a model that was trained with what one of them has, as said, such as --bias true for gpt2")).ToSeq().Strict());

        // How positions are turned says nothing where they are not.
        Validation<Fault, Json> Words(Family family) => family.Write(config, marks).Match(Success<Fault, Json>, static faults =>
            Validation<Fault, Json>.Fail(faults.Exists(static f => f.Where == "positions") ? faults.Filter(static f => f.Where != "rotary").Strict() : faults));
    }

    static Validation<Fault, Unit> Tokenizer(string folder, RunFolder run, Disk disk) => run.Tokenizer is IdTokenizer ? Success<Fault, Unit>(unit)
        : from words in TokenizerFile.Write(Path.Combine(folder, RunFolder.TokenizerName), run.Tokenizer)
          from config in Put(folder, PublishedNote.TokenizerConfigName, run.Note.Bind(static n => n.TokenizerConfig).IfNone(() => TokenizerConfig(run)), disk)
          select config;

    static Json TokenizerConfig(RunFolder run)
    {
        var marks = MarksOf(run);
        (string, Json)[] Named(string name, Option<int> id) => [.. id.ToSeq().Select(i => (name, (Json)new Json.Text(run.Tokenizer.Name(i))))];
        (string, Json)[] members =
        [
            .. Named("bos_token", marks.Begin), .. Named("eos_token", marks.End.Count > 0 ? Some(marks.End[0]) : None), .. Named("pad_token", marks.Pad),
            ("clean_up_tokenization_spaces", new Json.Bool(false)), ("model_max_length", new Json.Whole(run.Config.Model.Context)),
            ("tokenizer_class", new Json.Text("PreTrainedTokenizerFast")),
        ];
        return new Json.Map(members.ToParams());
    }

    static Validation<Fault, Unit> Others(string folder, RunFolder run, Disk disk) =>
        from generation in Put(folder, PublishedNote.GenerationName, run.Note.Bind(static n => n.Generation).IfNone(() => new Json.Map(MarksOf(run).Write()
            .Where(static m => m.Value is not Json.Null).Append(("transformers_version", new Json.Text("4.56.0"))).ToParams())), disk)
        from template in run.Note.Bind(static n => n.ChatTemplate).Match(text => PublishedNote.Put(Path.Combine(folder, PublishedNote.TemplateName), text, disk),
            static () => Success<Fault, Unit>(unit))
        select template;

    static Validation<Fault, Unit> Put(string folder, string name, Json json, Disk disk) => PublishedNote.Put(Path.Combine(folder, name), json.Write(), disk);
}
