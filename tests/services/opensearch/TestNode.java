import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

import org.opensearch.Version;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.ExtensiblePlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.PluginInfo;
import org.opensearch.plugins.ScriptPlugin;
import org.opensearch.script.ScriptContext;
import org.opensearch.script.ScriptEngine;

/**
 * A real OpenSearch node inside one process, for tests: {@code TestNode HOME key=value ...}.
 * It prints "ready" when it is up, and ends when its standard input does, so with its parent.
 */
public final class TestNode {
    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Files.createDirectories(home.resolve("config"));
        Files.createDirectories(home.resolve("logs"));
        Settings.Builder builder = Settings.builder().put("path.home", home.toString());
        for (String setting : Arrays.asList(arguments).subList(1, arguments.length)) {
            String[] parts = setting.split("=", 2);
            builder.put(parts[0], parts[1]);
        }
        Settings settings = builder.build();
        LogConfigurator.setNodeName(settings.get("node.name", "test"));
        List<Class<? extends Plugin>> plugins = List.of(
            named("org.opensearch.transport.Netty4ModulePlugin", "org.opensearch.transport.Netty4Plugin"),
            named("org.opensearch.analysis.common.CommonAnalysisModulePlugin",
                  "org.opensearch.analysis.common.CommonAnalysisPlugin"),
            Painless.class);
        Node node = new ClassPathNode(settings, home, plugins);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        System.out.println("ready " + Version.CURRENT);
        while (System.in.read() >= 0) {
            // nothing is expected; only the end counts
        }
        System.exit(0);
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (IOException error) {
            System.err.println(error);
        }
    }

    /** The class that exists: modules were renamed between major versions. */
    private static Class<? extends Plugin> named(String... candidates) throws ClassNotFoundException {
        for (String candidate : candidates) {
            try {
                return Class.forName(candidate).asSubclass(Plugin.class);
            } catch (ClassNotFoundException ignored) {
                // the next name
            }
        }
        throw new ClassNotFoundException(String.join(" or ", candidates));
    }

    /** A node whose plugins lie on the class path. Version 2 wants their classes, 3 their descriptions. */
    private static final class ClassPathNode extends Node {
        ClassPathNode(Settings settings, Path home, List<Class<? extends Plugin>> plugins) {
            super(InternalSettingsPreparer.prepareEnvironment(
                settings, Map.of(), home.resolve("config"), () -> "test"), wanted(plugins), true);
        }

        @SuppressWarnings({"rawtypes", "unchecked"})
        private static Collection wanted(List<Class<? extends Plugin>> plugins) {
            if (Version.CURRENT.major < 3) {
                return plugins;
            }
            List<PluginInfo> described = new ArrayList<>();
            for (Class<? extends Plugin> plugin : plugins) {
                described.add(new PluginInfo(plugin.getName(), "on the class path", "1", Version.CURRENT,
                    "11", plugin.getName(), null, List.of(), false));
            }
            return described;
        }
    }

    /**
     * Painless with what other modules allow it: a node that loads plugins from the class path does
     * not join an extension to what it extends, so analysis scripts would not know their token.
     */
    public static final class Painless extends Plugin implements ScriptPlugin {
        private final Plugin module;

        public Painless() throws ReflectiveOperationException {
            module = named("org.opensearch.painless.PainlessModulePlugin",
                           "org.opensearch.painless.PainlessPlugin").getDeclaredConstructor().newInstance();
            ((ExtensiblePlugin) module).loadExtensions(new ExtensiblePlugin.ExtensionLoader() {
                @Override
                public <T> List<T> loadExtensions(Class<T> type) {
                    List<T> found = new ArrayList<>();
                    ServiceLoader.load(type, TestNode.class.getClassLoader()).forEach(found::add);
                    return found;
                }
            });
        }

        @Override
        public ScriptEngine getScriptEngine(Settings settings, Collection<ScriptContext<?>> contexts) {
            return ((ScriptPlugin) module).getScriptEngine(settings, contexts);
        }

        @Override
        public List<Setting<?>> getSettings() {
            return module.getSettings();
        }
    }
}
