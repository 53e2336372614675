using Functional.Base;
using LanguageExt;

namespace Functional.Families;

/// <summary>The published families that are known here.</summary>
public static class Published
{
    /// <summary>All of them.</summary>
    public static Vec<Family> Families { get; } =
    [
        Gpt2Family.Gpt2, OptFamily.Opt, LlamaFamily.Llama, LlamaFamily.Mistral, QwenFamily.Qwen2, QwenFamily.Qwen3, GemmaFamily.Gemma, GemmaFamily.Gemma2,
            GemmaFamily.Gemma3,
        Phi3Family.Phi3, NeoXFamily.NeoX, MixtralFamily.Mixtral, QwenMoeFamily.Qwen2Moe, QwenMoeFamily.Qwen3Moe, OlmoeFamily.Olmoe,
    ];

    /// <summary>The family of that name, such as <c>llama</c>.</summary>
    public static Option<Family> Find(string name) => Families.FirstOrDefault(f => f.Name == name) is { } family ? Prelude.Some(family) : Prelude.None;

    /// <summary>What a <c>config.json</c> describes, or every fault in it.</summary>
    /// <param name="config">The whole file.</param>
    /// <param name="file">What faults call it.</param>
    public static Validation<Fault, PublishedModel> Read(Json config, string file)
    {
        if (config is not Json.Map { Members: var members }) return Fault.Of<PublishedModel>(file, $"is {config.Kind}", "expected an object");
        var from = new ConfigSource(members, file);
        return from.Word("model_type").Bind(type => Find(type.IfNone("")).Match(family => family.Read(from), () => from.Wrong("model_type",
            type.Match(static t => $"is '{(t.Length > 60 ? t[..60] + "…" : t)}'", static () => "is missing"),
            $"allowed: {string.Join(", ", Families.Select(static f => f.Name))}").As<PublishedModel>()));
    }
}
